import type { IMigrationGenerator } from '@mikro-orm/core';

/** A comment ends in this column at the latest, unless a word is longer. */
const WIDTH = 110;

/** Stands for statements in `down`. A text that is only a comment becomes one of the file. */
export const NOTHING = '-- nothing to revert';

/** The comment on a new statement. */
export interface StatementComment {
  readonly lines: readonly string[];
  /** Whether `migration:up` refuses the statement. */
  readonly isRefused: boolean;
}

/** The comments on new statements, by the statement as MikroORM has it. */
export interface NewComments {
  readonly up: ReadonlyMap<string, StatementComment>;
  readonly down: ReadonlyMap<string, StatementComment>;
}

/** Finds the comments on new statements. */
type CommentsOn = (diff: {
  readonly up: readonly string[];
  readonly down: readonly string[];
}) => Promise<NewComments>;

/**
 * Has a generator of migrations write comments above the statements: how `migration:up` will run each, and which values do not come back.
 * Another generator of the project does so, too, if it writes its statements with `createStatement`.
 */
export function commentStatements(generator: IMigrationGenerator, findComments: CommentsOn): void {
  const generate = generator.generate.bind(generator);
  const createStatement = generator.createStatement.bind(generator);
  let up = new Map<string, StatementComment>();
  let down: NewComments['down'] = new Map();
  generator.generate = async (diff, path, name) => {
    const comments = await findComments(diff);
    up = new Map(comments.up);
    ({ down } = comments);
    // MikroORM writes no `down` without a statement, and cannot revert a migration without it.
    const isEmptyBack = diff.down.length === 0 && down.has(NOTHING);
    try {
      return await generate(isEmptyBack ? { ...diff, down: [NOTHING] } : diff, path, name);
    } finally {
      [up, down] = [new Map(), new Map()];
    }
  };
  generator.createStatement = (sql, padLeft) => {
    const { lines } = up.get(sql) ?? down.get(sql) ?? { lines: [] };
    // `down` may have the same statement.
    up.delete(sql);
    const comment = /^-- (.+?);?$/.exec(sql)?.[1];
    const own = comment === undefined || sql === NOTHING ? [] : wrapped(`${comment}.`);
    return (
      [...lines, ...own].map((line) => `${' '.repeat(padLeft)}// ${line}\n`).join('') +
      (comment === undefined ? createStatement(sql, padLeft) : '')
    );
  };
}

/**
 * Breaks a comment into lines.
 * @returns no line for an empty text
 */
export function wrapped(text: string): string[] {
  if (text === '') return [];
  const lines: string[] = [];
  let line = '';
  for (const word of text.replaceAll(/\s+/g, ' ').split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
