import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const BLOCK = 2 ** 20;
const FILE = 'sequential-copy';

/** The time of `dd`, and the bytes that it counts. */
export interface SequentialCopy {
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly seconds: number;
}

/** The measured copy, or null and the reason. */
export interface CopyOutcome {
  readonly sequential: SequentialCopy | null;
  readonly noCopyReason: string | null;
}

/** Files, bytes and group of a copy. */
interface CopyOptions {
  readonly folder: string;
  /** Path of the heap's first file; the further ones have the suffixes `.1`, `.2`, … */
  readonly heap: string;
  /** Size of the heap before the backfill. */
  readonly readBytes: number;
  /** Size of the heap afterwards, and of the WAL. */
  readonly writtenBytes: number;
  /** The file of the server's control group, whose limit then applies; null for none. */
  readonly processFile: string | null;
}

/**
 * Measures how long `dd` takes to read and write as many bytes as the backfill must: it reads the heap once, and
 * writes the heap of afterwards and the WAL.
 *
 * 1. Copy the heap's files to one new file in the same file system, in blocks of 1 MB. It is read through the page
 *    cache and written past it (O_DIRECT). In a control group of version 1, the kernel would kill a program that fills
 *    its page cache faster than the disk writes it.
 * 2. Append zeros in place of the heap's growth and of the WAL.
 * 3. The last `dd` ends with fsync of the file.
 *
 * A failure is an outcome, because it must not discard the measurements before it.
 *
 * @throws the signal's reason
 */
export async function copySequentially(options: CopyOptions, signal: AbortSignal): Promise<CopyOutcome> {
  try {
    return { sequential: await copyFiles(options, signal), noCopyReason: null };
  } catch (error) {
    signal.throwIfAborted();
    return { sequential: null, noCopyReason: (error as Error).message };
  }
}

/**
 * Writes one block in the way of {@link copySequentially}.
 * @returns the reason if the system has no `dd` of Linux, or if its file system refuses O_DIRECT; null if it can
 */
export async function refusedCopy(
  place: Pick<CopyOptions, 'folder' | 'processFile'>,
  signal: AbortSignal,
): Promise<string | null> {
  const options = { ...place, heap: '', readBytes: 0, writtenBytes: BLOCK };
  return (await copySequentially(options, signal)).noCopyReason;
}

/** @throws Error with the error output of `dd` */
async function copyFiles(options: CopyOptions, signal: AbortSignal): Promise<SequentialCopy> {
  const { folder, heap } = options;
  const copy = join(folder, FILE);
  const run = (...words: string[]) =>
    runInGroup(options, ['dd', `of=${FILE}`, `bs=${BLOCK}`, 'oflag=append,direct', ...words], signal);
  const began = performance.now();
  try {
    let readBytes = 0;
    for (let segment = 0; readBytes < options.readBytes; segment += 1) {
      const file = segment === 0 ? heap : `${heap}.${segment}`;
      const bytes = Math.min((await stat(file)).size, options.readBytes - readBytes);
      await run(`if=${file}`, `count=${Math.ceil(bytes / BLOCK)}`, 'conv=notrunc');
      readBytes += bytes;
    }
    const moreBlocks = Math.max(0, Math.round((options.writtenBytes - readBytes) / BLOCK));
    await run('if=/dev/zero', `count=${moreBlocks}`, 'conv=notrunc,fsync');
    const seconds = (performance.now() - began) / 1000;
    return { readBytes, writtenBytes: (await stat(copy)).size, seconds };
  } finally {
    await rm(copy, { force: true });
  }
}

/** The shell joins the group and then becomes the program, so that the group has all of its page cache. */
async function runInGroup(
  { folder, processFile }: CopyOptions,
  [program, ...programArguments]: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<void> {
  const prefix = processFile === null ? '' : 'echo $$ > "$0"; ';
  const script = `${prefix}exec "$@"`;
  const child = spawn('sh', ['-ec', script, processFile ?? 'sh', program, ...programArguments], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
  });
  const [[exitCode, killSignal], output] = await Promise.all([once(child, 'close'), text(child.stderr)]);
  if (exitCode === 0) return;
  // The lines after the first one are counts.
  const explanation = killSignal ?? output.trim().split('\n')[0];
  throw new Error(`${program} failed: ${explanation}`);
}
