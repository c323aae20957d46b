import { execFile } from 'node:child_process';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { throwawayFolder } from '../../../src/database/throwaway-postgres.ts';
import { estimateCopiesBytes, refuseFullDisk } from '../../../src/showcase/harness/free-disk.ts';

const GIGABYTE = 2 ** 30;
const isRoot = process.getuid?.() === 0;

describe('the check of the disk', () => {
  it('accepts enough space, and refuses less with a sentence', async () => {
    await refuseFullDisk(1);
    const folder = await throwawayFolder();
    const refusal =
      / has [\d.]+ GB free, and this needs about 9000000000\.0 GB: pass fewer --rows, or set TMPDIR to a folder on a larger disk that the user of PostgreSQL can enter\.$/;
    const checking = refuseFullDisk(9e9 * GIGABYTE);
    await expect(checking).rejects.toThrow(refusal);
    await expect(checking).rejects.toThrow(folder);
  });

  it('counts the WAL, a template and a copy', () => {
    expect(estimateCopiesBytes(10_000_000) / GIGABYTE).toBeCloseTo(5 + 3.7, 1);
  });

  it('checks the folder that the server uses, if the user of PostgreSQL cannot enter TMPDIR', async () => {
    // Only its creator can enter it.
    await using folder = await mkdtempDisposable(join(tmpdir(), 'free-disk-test-'));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(import.meta.dirname, 'print-throwaway-folder.ts')],
      { env: { ...process.env, TMPDIR: folder.path } },
    );
    expect(stdout.trim()).toBe(isRoot ? '/var/tmp' : folder.path);
  });
});
