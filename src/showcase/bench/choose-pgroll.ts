import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';
import { promisify } from 'node:util';

/** `--version` and `--help` need no database. */
const LONGEST_ANSWER_MS = 10_000;

/** A pgroll that has every command of the benchmark. */
export interface Pgroll {
  /** Its path. */
  readonly binary: string;
  /** As `pgroll --version` prints it. */
  readonly version: string;
}

/**
 * Chooses the real pgroll at the start of the benchmark, and checks it, so that a wrong one does not end a long run.
 *
 * @param given the path of `--pgroll`; undefined for the one on the PATH
 * @param warn receives a line if the one on the PATH is left out
 * @returns undefined if none was given, and none on the PATH can be used
 * @throws Error with a sentence if the given one cannot be used
 */
export async function choosePgroll(
  given: string | undefined,
  signal: AbortSignal,
  warn: (line: string) => void,
  path = process.env['PATH'] ?? '',
): Promise<Pgroll | undefined> {
  if (given !== undefined) {
    if (!(await isExecutable(given))) {
      throw new Error(`--pgroll ${given} cannot be run: name the path of pgroll.`);
    }
    return await checked(resolve(given), signal).catch((cause: unknown) => {
      throw new Error(`--pgroll ${given} cannot be used: ${reasonOf(cause)}.`, { cause });
    });
  }
  const found = await findPgroll(path);
  if (found === undefined) return undefined;
  return await checked(found, signal).catch((cause: unknown) => {
    signal.throwIfAborted();
    warn(`The real pgroll is left out. ${found} cannot be used: ${reasonOf(cause)}.`);
    return undefined;
  });
}

async function findPgroll(path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter((name) => name !== '')) {
    const file = resolve(folder, 'pgroll');
    if (await isExecutable(file)) return file;
  }
  return undefined;
}

/** Whether it is a file that this user may run. A folder has the same permission, for another purpose. */
async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** Reads its version, and checks that it has `baseline`, which older ones lack. */
async function checked(binary: string, signal: AbortSignal): Promise<Pgroll> {
  const answerTo = async (...words: string[]) => {
    try {
      const options = { signal, timeout: LONGEST_ANSWER_MS, killSignal: 'SIGKILL' } as const;
      return (await promisify(execFile)(binary, words, options)).stdout;
    } catch (cause) {
      throw new Error(`\`pgroll ${words.join(' ')}\` fails`, { cause });
    }
  };
  const version = (await answerTo('--version')).trim();
  if ((await answerTo('baseline', '--help')).includes('pgroll baseline')) return { binary, version };
  throw new Error('`pgroll baseline` does not exist');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
