import { mkdtempDisposable, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { copySequentially, refusedCopy } from '../../../src/showcase/bench-large/sequential-copy.ts';

const BLOCK = 2 ** 20;
const { signal } = new AbortController();
const REFUSAL = /^dd failed: .*cgroup\.procs/;

describe('the sequential copy', () => {
  it('reads the earlier bytes of all heap files, writes the later ones, and deletes its file', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'sequential-copy-test-'));
    const heap = join(folder.path, '16384');
    await writeFile(heap, Buffer.alloc(4 * BLOCK, 1));
    // The last block is the growth.
    await writeFile(`${heap}.1`, Buffer.alloc(3 * BLOCK, 2));
    const bytes = { readBytes: 6 * BLOCK, writtenBytes: 10 * BLOCK };
    const outcome = await copySequentially(
      { folder: folder.path, heap, ...bytes, processFile: null },
      signal,
    );
    expect(outcome).toEqual({ sequential: { ...bytes, seconds: expect.any(Number) }, noCopyReason: null });
    expect((await readdir(folder.path)).toSorted()).toEqual(['16384', '16384.1']);
  });

  it('copies nothing outside of the group', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'sequential-copy-test-'));
    const heap = join(folder.path, '16384');
    await writeFile(heap, Buffer.alloc(BLOCK));
    const bytes = { readBytes: BLOCK, writtenBytes: BLOCK };
    const notWritable = join(folder.path, 'missing/cgroup.procs');
    const outcome = await copySequentially(
      { folder: folder.path, heap, ...bytes, processFile: notWritable },
      signal,
    );
    expect(outcome).toEqual({ sequential: null, noCopyReason: expect.stringMatching(REFUSAL) });
    expect(await readdir(folder.path)).toEqual(['16384']);
  });

  it('tells before it is needed if it is refused, and leaves no file', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'sequential-copy-test-'));
    expect(await refusedCopy({ folder: folder.path, processFile: null }, signal)).toBeNull();
    const processFile = join(folder.path, 'missing/cgroup.procs');
    expect(await refusedCopy({ folder: folder.path, processFile }, signal)).toMatch(REFUSAL);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('is refused with the reason of dd, if it cannot write the file', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'sequential-copy-test-'));
    await symlink('missing/file', join(folder.path, 'sequential-copy'));
    const reason = await refusedCopy({ folder: folder.path, processFile: null }, signal);
    expect(reason).toMatch(/^dd failed: dd: .*sequential-copy.*: No such file/);
  });

  it('throws the reason of the signal', async () => {
    const reason = new Error('stopped');
    const stopped = AbortSignal.abort(reason);
    await expect(refusedCopy({ folder: tmpdir(), processFile: null }, stopped)).rejects.toBe(reason);
  });
});
