import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { expect } from '@jest/globals';
import {
  type Answers,
  answersFrom,
} from '../../../../src/online-migration/mikro-orm/creation/questions/answers.ts';
import { OnlineMigrationError } from '../../../../src/online-migration/index.ts';

const COMMAND = /`npx online-migration create (.+)`\.$/;

/** Reads the command that an error prints as a shell would read it: its options. */
export async function printedOptions({ message }: OnlineMigrationError): Promise<PrintedOptions> {
  const [, printed = ''] = COMMAND.exec(message) ?? [];
  const { stdout } = await promisify(execFile)('sh', ['-c', `printf '%s\\0' ${printed}`]);
  const option = { type: 'string', multiple: true } as const;
  const { values } = parseArgs({
    args: stdout.split('\0').slice(0, -1),
    options: { rename: option, drop: option, fill: option },
  });
  const { rename = [], drop = [], fill = [] } = values;
  return { rename, drop, fill };
}

/** The options of a command that answer. */
export interface PrintedOptions {
  readonly rename: readonly string[];
  readonly drop: readonly string[];
  readonly fill: readonly string[];
}

/** The SQL expressions that a person writes in place of `…`, by the column as it is printed. */
export type Values = Readonly<Record<string, string>>;

/**
 * Answers as a person who copies the printed command, and replaces each `…` by an expression.
 * @throws the error if it is no question
 */
export async function copiedAnswers(error: unknown, values: Values): Promise<Answers> {
  if (!(error instanceof OnlineMigrationError) || error.code !== 'ANSWER_NEEDED') throw error;
  const options = await printedOptions(error);
  const fill = options.fill.map((text) => {
    if (!text.endsWith('=…')) return text;
    const column = text.slice(0, text.indexOf('='));
    expect(values).toHaveProperty([column]);
    return `${column}=${values[column]}`;
  });
  return answersFrom({ ...options, fill });
}
