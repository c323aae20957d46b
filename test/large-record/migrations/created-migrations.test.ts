import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openProjectCopy, type ProjectCopy } from '../../online-migration/cli/new-project.ts';

/** Two commands and the formatter. */
const LIMIT_MS = 60_000;
const MIKRO_ORM = 'node_modules/@mikro-orm/cli/cli.js';
const DECLARATION = 'src/large-record/created-at-change.ts';

/** The feature of a project that has no column change yet. */
const FEATURE = `import type { Feature } from '../http/feature.ts';
import { LargeRecord } from './large-record.ts';

export const largeRecord: Feature = {
  changes: [],
  entities: [LargeRecord],
};
`;

let copy: ProjectCopy;
/** The contents of the files that `migration:create` has to write. */
let expected: Record<string, string>;

beforeAll(async () => {
  copy = await openProjectCopy([]);
  const phases = (await migrations()).filter((file) => !file.startsWith('migrations/0001_'));
  expected = await contentsOf([...phases, DECLARATION]);
  for (const file of Object.keys(expected)) await rm(join(copy.folder, file));
  await write('src/large-record/feature.ts', FEATURE);
});
afterAll(async () => copy[Symbol.asyncDispose]());

async function migrations(): Promise<string[]> {
  const files = await readdir(join(copy.folder, 'migrations'));
  return files.toSorted().map((file) => `migrations/${file}`);
}

async function contentsOf(files: readonly string[]): Promise<Record<string, string>> {
  const texts = await Promise.all(files.map((file) => readFile(join(copy.folder, file), 'utf8')));
  return Object.fromEntries(files.map((file, place) => [file, texts[place]!]));
}

async function write(file: string, text: string): Promise<void> {
  await writeFile(join(copy.folder, file), text);
}

it(
  'migration:create writes the migrations and the declaration of the example, byte by byte',
  async () => {
    expect(Object.keys(expected)).toHaveLength(6);
    expect(await copy.run(MIKRO_ORM, 'migration:up')).toMatchObject({ exitCode: 0 });
    const created = await copy.run(MIKRO_ORM, 'migration:create');
    expect(created.exitCode).toBe(0);
    expect(created.stdout).toContain(`\nFiles written:\n  ${DECLARATION}\n`);
    expect(created.stdout).toContain('\n    npx mikro-orm migration:up --to 0002    expand\n');
    const written = (await migrations()).filter((file) => !file.startsWith('migrations/0001_'));
    expect(await contentsOf([...written, DECLARATION])).toEqual(expected);
    expect(await readFile(join(copy.folder, 'src/column-changes.ts'), 'utf8')).toContain(
      '[...followedChanges, largeRecordCreatedAtChange]',
    );
  },
  LIMIT_MS,
);
