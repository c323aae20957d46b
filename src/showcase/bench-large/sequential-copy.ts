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
 * @param options.heap path of the heap's first file; the further ones have the suffixes `.1`, `.2`, …
 * @param options.readBytes size of the heap before the backfill
 * @param options.writtenBytes size of the heap afterwards, and of the WAL
 * @param options.processFile the file of the server's control group, whose limit then applies; null for none
 * @returns null if the system has no `dd` of Linux
 * @throws Error with the error output of `dd`
 */
export async function copySequentially(
  options: {
    readonly folder: string;
    readonly heap: string;
    readonly readBytes: number;
    readonly writtenBytes: number;
    readonly processFile: string | null;
  },
  signal: AbortSignal,
): Promise<SequentialCopy | null> {
  if (process.platform !== 'linux') return null;
  const { folder, heap, processFile } = options;
  const copy = join(folder, FILE);
  const run = (...words: string[]) =>
    runInGroup(processFile, 'dd', [`of=${copy}`, `bs=${BLOCK}`, 'oflag=append,direct', ...words], signal);
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
  processFile: string | null,
  program: string,
  programArguments: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const prefix = processFile === null ? '' : 'echo $$ > "$0"; ';
  const script = `${prefix}exec "$@"`;
  const child = spawn('sh', ['-ec', script, processFile ?? 'sh', program, ...programArguments], {
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
  });
  const [[exitCode], output] = await Promise.all([once(child, 'close'), text(child.stderr)]);
  if (exitCode !== 0) throw new Error(`${program} failed:\n${output.trim()}`);
}
