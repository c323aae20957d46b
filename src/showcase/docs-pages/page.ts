/** A step of a page that a reader carries out. */
export type PageStep =
  | { readonly kind: 'commands'; readonly commands: readonly string[]; readonly how: CommandsRun }
  | { readonly kind: 'file'; readonly path: string; readonly text: string };

/**
 * How to run the commands of a block: one by one (`sh`); until the end of the page (`sh api`); with an exit
 * code other than 0 (`sh fails`); or not in tests, because they take too long or change the machine (`sh by-hand`).
 */
export type CommandsRun = 'in turn' | 'until the end' | 'in turn, failing' | 'by hand';

const RUNS: Readonly<Record<string, CommandsRun>> = {
  sh: 'in turn',
  'sh api': 'until the end',
  'sh fails': 'in turn, failing',
  'sh by-hand': 'by hand',
};
const BLOCK = /^```([^\n]*)\n(.*?)^```$/gms;
/** Up to this many similar lines are shown completely. Of more, this many are shown at the start and at the end. */
const LONGEST_RUN = 6;
const KEPT_LINES = 2;
/** First line of a block that is a file: `// mikro-orm.config.ts`. */
const FILE_NAME = /^\/\/ (\S+\.\w+)\n/;

/**
 * Reads the steps of a `docs/` page in order: blocks of shell commands, and TypeScript blocks whose first line names a
 * file.
 */
export function readPage(markdown: string): PageStep[] {
  const steps: PageStep[] = [];
  for (const [, info = '', text = ''] of markdown.matchAll(BLOCK)) {
    const how = RUNS[info];
    const path = FILE_NAME.exec(text)?.[1];
    if (how !== undefined) steps.push({ kind: 'commands', commands: readCommands(text), how });
    else if (info === 'ts' && path !== undefined) steps.push({ kind: 'file', path, text });
  }
  return steps;
}

/** The outputs that a page shows, for each block of commands in order; undefined if it shows none. */
export function shownOutputs(markdown: string): (string | undefined)[] {
  const shown: (string | undefined)[] = [];
  for (const [, info = '', text = ''] of markdown.matchAll(BLOCK)) {
    if (RUNS[info] !== undefined) shown.push(undefined);
    else if (info === 'text' && shown.length > 0) shown[shown.length - 1] = text.trimEnd();
  }
  return shown;
}

/**
 * The lines that a page shows and the output does not have, or not in this order. A line of the page may be the end of one, and `…`
 * stands for any lines.
 */
export function missingLines(shown: string, output: string): string[] {
  let left = output.split('\n').map((line) => line.trimEnd());
  return shown.split('\n').filter((line) => {
    if (line === '…') return false;
    const place = left.findIndex((other) => other.endsWith(line));
    left = left.slice(place + 1);
    return place === -1;
  });
}

/**
 * Inserts the output of commands into the page: into each `text` block that follows a block of commands.
 *
 * @param outputs of the command blocks, in order; undefined if unknown
 */
export function withOutputs(markdown: string, outputs: readonly (string | undefined)[]): string {
  let index = -1;
  return markdown.replaceAll(BLOCK, (block, info: string) => {
    if (RUNS[info] !== undefined) index += 1;
    const output = outputs[index];
    return info === 'text' && output !== undefined ? `\`\`\`text\n${shortened(output)}\n\`\`\`` : block;
  });
}

/** Shortens an output for a page: removes npm's own lines and the middle of long runs of similar lines. */
export function shortened(output: string): string {
  const runs: string[][] = [];
  let form: string | undefined;
  for (const line of output.trimEnd().split('\n')) {
    if (line.startsWith('> ') || (line === '' && runs.length === 0)) continue;
    const formOfLine = line.replaceAll(/[\d,.]+(?: min \d+)?/g, '9');
    if (formOfLine === form && formOfLine !== '') runs.at(-1)!.push(line);
    else runs.push([line]);
    form = formOfLine;
  }
  return runs
    .flatMap((run) =>
      run.length > LONGEST_RUN ? [...run.slice(0, KEPT_LINES), '…', ...run.slice(-KEPT_LINES)] : run,
    )
    .join('\n');
}

/** The commands of a block. A trailing backslash continues a line. */
function readCommands(text: string): string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
