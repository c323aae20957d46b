import { chmod, mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { refuseUnwritable } from '../../../src/showcase/harness/output-file.ts';

const isRoot = process.getuid?.() === 0;

function refusal(file: string): { message: string } {
  return { message: `--json ${file} cannot be written: name a file in a folder of yours.` };
}

describe('the check of an output file', () => {
  it('accepts a new file and an existing one, and changes neither', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'output-file-test-'));
    const existing = join(folder.path, 'existing.json');
    await writeFile(existing, 'content');
    await refuseUnwritable('--json', existing);
    await refuseUnwritable('--json', join(folder.path, 'new.json'));
    expect(await readFile(existing, 'utf8')).toBe('content');
    expect(await readdir(folder.path)).toEqual(['existing.json']);
  });

  it('refuses a folder, and a file in a folder that does not exist', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'output-file-test-'));
    for (const file of [folder.path, join(folder.path, 'missing/file.json')]) {
      await expect(refuseUnwritable('--json', file)).rejects.toMatchObject(refusal(file));
    }
  });

  it('refuses an existing file that cannot be written', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'output-file-test-'));
    const readOnly = join(folder.path, 'read-only.json');
    await writeFile(readOnly, '');
    await chmod(readOnly, 0o444);
    // Root may write any file, but nobody may write a running program.
    const file = isRoot ? process.execPath : readOnly;
    await expect(refuseUnwritable('--json', file)).rejects.toMatchObject(refusal(file));
  });
});
