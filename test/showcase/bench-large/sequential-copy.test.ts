import { mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { copySequentially } from '../../../src/showcase/bench-large/sequential-copy.ts';

const BLOCK = 2 ** 20;
const { signal } = new AbortController();
const isLinux = process.platform === 'linux';
const REFUSAL = expect.stringMatching(/^dd failed:\n.*cgroup\.procs/);

describe('the sequential copy', () => {
  it('reads the earlier bytes of all heap files, writes the later ones, and deletes its file', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'sequential-copy-test-'));
    const heap = join(folder.path, '16384');
    await writeFile(heap, Buffer.alloc(4 * BLOCK, 1));
    // The last block is the growth.
    await writeFile(`${heap}.1`, Buffer.alloc(3 * BLOCK, 2));
    const bytes = { readBytes: 6 * BLOCK, writtenBytes: 10 * BLOCK };
    const copy = await copySequentially({ folder: folder.path, heap, ...bytes, processFile: null }, signal);
    expect(copy).toEqual(isLinux ? { ...bytes, seconds: copy!.seconds } : null);
    expect((await readdir(folder.path)).toSorted()).toEqual(['16384', '16384.1']);
  });

  it('copies nothing outside of the group', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'sequential-copy-test-'));
    const heap = join(folder.path, '16384');
    await writeFile(heap, Buffer.alloc(BLOCK));
    const bytes = { readBytes: BLOCK, writtenBytes: BLOCK };
    const notWritable = join(folder.path, 'missing/cgroup.procs');
    const copying = copySequentially(
      { folder: folder.path, heap, ...bytes, processFile: notWritable },
      signal,
    );
    const outcome = await copying.catch((error: Error) => error.message);
    expect(outcome).toEqual(isLinux ? REFUSAL : null);
    expect(await readdir(folder.path)).toEqual(['16384']);
  });
});
