import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { BINARIES_PACKAGE } from '../../src/database/postgres-binaries.ts';
import { startThrowawayPostgres } from '../../src/database/throwaway-postgres.ts';
import { query } from './query.ts';

const INITDB = '#!/bin/sh\necho "initdb was called with: $*" >&2\nexit 1\n';

/** Installs a package whose initdb fails and prints its arguments. */
async function installFailing(version: string, folder: string): Promise<void> {
  const root = join(folder, 'node_modules', BINARIES_PACKAGE);
  const programs = join(root, 'native/bin');
  await mkdir(programs, { recursive: true });
  await mkdir(join(root, 'dist'));
  const manifest = { type: 'module', exports: './dist/index.js', version };
  await writeFile(join(root, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(programs, 'initdb'), INITDB, { mode: 0o755 });
  const paths = { initdb: join(programs, 'initdb'), pg_ctl: join(programs, 'pg_ctl') };
  const exported = Object.entries(paths).map(
    ([name, path]) => `export const ${name} = ${JSON.stringify(path)};`,
  );
  await writeFile(join(root, 'dist/index.js'), exported.join('\n'));
}

describe('a version of PostgreSQL in a separate folder', () => {
  it.each([
    ['14.23.0-beta.17', false],
    ['16.14.0-beta.17', false],
    ['17.10.0-beta.17', true],
    ['18.4.0-beta.17', true],
  ])('is started: %s, with locales of its own: %s', async (version, hasLocales) => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'installation-'));
    await installFailing(version, folder.path);
    const failure: unknown = await startThrowawayPostgres({ installation: folder.path }).catch(
      (error) => error,
    );
    const said = /initdb was called with: .*/.exec(String(failure))?.[0];
    expect(said).toContain('--encoding=UTF8');
    expect(said?.includes('--locale-provider=builtin')).toBe(hasLocales);
  });

  it('is reported as missing if it is not installed', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'installation-'));
    const start = startThrowawayPostgres({ installation: folder.path });
    await expect(start).rejects.toThrow(`The package ${BINARIES_PACKAGE}, which holds PostgreSQL`);
  });
});

it('accepts settings that contain quotes', async () => {
  await using server = await startThrowawayPostgres({ settings: { 'my.word': `it's "ours" \\ #1` } });
  expect(await query(server.url(), `select current_setting('my.word') as word`)).toEqual([
    { word: `it's "ours" \\ #1` },
  ]);
});
