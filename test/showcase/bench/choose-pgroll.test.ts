import { chmod, mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { choosePgroll, type Pgroll } from '../../../src/showcase/bench/choose-pgroll.ts';
import { writePgroll } from './fake-pgroll.ts';

const { signal } = new AbortController();

/** A pgroll without `baseline`. */
const OLD = `if [ "$1" = --version ]; then echo 'pgroll version 0.1'; else echo 'unknown command' >&2; exit 1; fi`;
/** A program that prints the same help for everything. */
const OTHER = `echo 'Usage: pgroll [command]'`;
const BROKEN = 'exit 3';

async function writeScript(folder: string, commands: string): Promise<string> {
  const file = join(folder, 'pgroll');
  await writeFile(file, `#!/bin/sh\n${commands}\n`);
  await chmod(file, 0o755);
  return file;
}

async function choose(
  given: string | undefined,
  path = '',
): Promise<{ chosen: Pgroll | undefined; lines: string[] }> {
  const lines: string[] = [];
  const chosen = await choosePgroll(given, signal, (line) => lines.push(line), path);
  return { chosen, lines };
}

describe('the choice of the real pgroll', () => {
  it('is the one that was given, or the first one on the PATH, with its version', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'pgroll-test-'));
    const binary = await writePgroll(folder.path);
    const expected = { chosen: { binary, version: 'pgroll version test' }, lines: [] };
    expect(await choose(binary)).toEqual(expected);
    await mkdir(join(folder.path, 'other', 'pgroll'), { recursive: true });
    expect(await choose(undefined, `/no/such/folder:${folder.path}/other:${folder.path}`)).toEqual(expected);
    expect(await choose(undefined, '/no/such/folder')).toEqual({ chosen: undefined, lines: [] });
  });

  it.each([
    ['an old one', OLD, '`pgroll baseline --help` fails'],
    ['another program', OTHER, '`pgroll baseline` does not exist'],
    ['a broken one', BROKEN, '`pgroll --version` fails'],
  ])('refuses %s, or leaves it out with a line if it is on the PATH', async (_what, commands, reason) => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'pgroll-test-'));
    const binary = await writeScript(folder.path, commands);
    await expect(choose(binary)).rejects.toThrow(`--pgroll ${binary} cannot be used: ${reason}.`);
    expect(await choose(undefined, folder.path)).toEqual({
      chosen: undefined,
      lines: [`The real pgroll is left out. ${binary} cannot be used: ${reason}.`],
    });
  });

  it.each(['/', '/no/such/file', 'package.json'])('refuses %s, which is no program', async (given) => {
    await expect(choose(given)).rejects.toThrow(`--pgroll ${given} cannot be run: name the path of pgroll.`);
  });
});
