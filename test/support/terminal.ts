import { spawnSync } from 'node:child_process';
import { describe } from '@jest/globals';
import headless from '@xterm/headless';

const { Terminal } = headless;
const COLUMNS = 80;
const ROWS = 24;
const SCROLLBACK_LINES = 1_000;

/** `script` of util-linux runs a command in a terminal. On other systems, its options differ. */
const HAS_TERMINAL = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux');

const describeOrSkip = HAS_TERMINAL ? describe : describe.skip;

/** A block of tests that need a terminal. If there is none, they are skipped with a message. */
export function describeInTerminal(what: string, tests: () => void): void {
  const title = HAS_TERMINAL ? what : `${what} (SKIPPED: needs script of util-linux)`;
  if (!HAS_TERMINAL) console.warn(title);
  describeOrSkip(title, tests);
}

/** The command that runs another one in a terminal of 80 columns and copies the display to standard output. */
export function inTerminal(command: string): string[] {
  return [
    '--quiet',
    '--return',
    '--command',
    `stty cols ${COLUMNS} rows ${ROWS}; exec ${command}`,
    '/dev/null',
  ];
}

/** The final lines of a terminal of 80 columns for the given data, including scrolled ones. */
export async function shownLines(sent: string): Promise<string[]> {
  const terminal = new Terminal({
    cols: COLUMNS,
    rows: ROWS,
    scrollback: SCROLLBACK_LINES,
    allowProposedApi: true,
  });
  await new Promise<void>((resolve) => terminal.write(sent, resolve));
  const { active } = terminal.buffer;
  return Array.from(
    { length: active.length },
    (_, line) => active.getLine(line)?.translateToString(true) ?? '',
  );
}
