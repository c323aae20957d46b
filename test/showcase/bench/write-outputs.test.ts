import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { writeOutputs } from '../../../src/showcase/bench/write-outputs.ts';

const write = (file: string) => writeFile(file, 'figures');
const refuse = () => Promise.reject(new Error('It is damaged.'));

describe('the files of a finished benchmark', () => {
  it('are all tried, and the errors are told together', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'outputs-test-'));
    const last = join(folder.path, 'last');
    const written = writeOutputs([
      ['/no/such/folder/first', write],
      ['second', refuse],
      [undefined, refuse],
      [last, write],
    ]);
    await expect(written).rejects.toThrow(
      /^\/no\/such\/folder\/first was not written: .*ENOENT.*\nsecond was not written: It is damaged\.$/,
    );
    expect(await readFile(last, 'utf8')).toBe('figures');
  });

  it('are written without an error', async () => {
    const files: string[] = [];
    const note = async (file: string) => void files.push(file);
    await writeOutputs([
      ['one', note],
      [undefined, note],
      ['two', note],
    ]);
    expect(files).toEqual(['one', 'two']);
  });
});
