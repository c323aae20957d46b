import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from '@jest/globals';
import { inTerminal, shownLines } from './terminal.ts';

/** A script of the package, and the place in which it runs. */
export interface AskingCommand {
  readonly folder: string;
  readonly databaseUrl: string;
  /** The script and its arguments. */
  readonly command: string;
}

/**
 * Runs a script in a terminal, and expects all questions; each answer is given when its question has been asked.
 * @returns the lines of the terminal at the end
 */
export async function answering(
  { folder, databaseUrl, command }: AskingCommand,
  answers: readonly [question: string, answer: string][],
): Promise<{ exitCode: number | null; shown: string }> {
  const child = spawn('script', inTerminal(`${process.execPath} ${command}`), {
    cwd: folder,
    env: { ...process.env, DATABASE_URL: databaseUrl, NODE_OPTIONS: '', NO_COLOR: '1', TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const left = [...answers];
  let sent = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    sent += text;
    if (left[0] === undefined || !sent.includes(left[0][0])) return;
    child.stdin.write(`${left.shift()![1]}\n`);
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  expect(left).toEqual([]);
  return { exitCode, shown: (await shownLines(sent)).join('\n') };
}
