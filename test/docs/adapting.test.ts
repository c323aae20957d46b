import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startNode } from '../support/command-line.ts';
import { openProjectCopy, type ProjectCopy } from '../online-migration/cli/new-project.ts';

/** The compiler checks a whole copy, on a busy machine. */
const LIMIT_MS = 180_000;

/** A block of TypeScript that is a file: its first line is a comment with the path. */
const FILE = /^```ts\n(\/\/ (\S+\.ts)\n.*?)^```$/gms;
const TYPESCRIPT = /^```ts\n/gm;
const LISTENING = /Listening on ([^"\s]+)["\n]/;

let page: string;
let copy: ProjectCopy;

beforeAll(async () => {
  copy = await openProjectCopy([
    `create table orders (id bigint generated always as identity primary key, total text not null)`,
    `insert into orders (total) values ('1.50'), ('007.5')`,
  ]);
  page = await readFile(join(copy.folder, 'docs/adapting.md'), 'utf8');
  const list = join(copy.folder, 'src/column-changes.ts');
  const before = await readFile(list, 'utf8');
  const written = await copy.changeNew('--table', 'orders', '--column', 'total', '--to', 'numeric(12,2)');
  if (written.exitCode !== 0) throw new Error(written.stderr);
  // The page removes the change from the list, because the feature has it.
  await writeFile(list, before);
  for (const [, text, path] of page.matchAll(FILE)) {
    const file = join(copy.folder, path!);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text!);
  }
}, LIMIT_MS);
afterAll(async () => copy[Symbol.asyncDispose]());

describe('docs/adapting.md', () => {
  it('has only complete files as samples', () => {
    expect([...page.matchAll(FILE)]).toHaveLength([...page.matchAll(TYPESCRIPT)].length);
  });

  it(
    'has samples that compile in the template',
    async () => {
      const checked = await copy.run('node_modules/typescript/bin/tsc', '--noEmit');
      expect(checked).toMatchObject({ exitCode: 0, stdout: '' });
    },
    LIMIT_MS,
  );

  it(
    'has a script and a feature that read the table',
    async () => {
      expect(await copy.run('src/orders/totals.ts')).toMatchObject({ exitCode: 0, stdout: '1.50 007.5\n' });

      const api = startNode([join(copy.folder, 'src/main.ts')], {
        DATABASE_URL: copy.database.url,
        HOST: '127.0.0.1',
        PORT: '0',
      });
      await using resources = new AsyncDisposableStack();
      resources.defer(async () => {
        api.process.kill('SIGKILL');
        await api.exitCode;
      });
      await api.printed(LISTENING);
      const answer = await fetch(`${LISTENING.exec(api.output())![1]!}/orders`);
      expect(await answer.json()).toEqual([
        { id: '1', total: '1.50' },
        { id: '2', total: '007.5' },
      ]);
    },
    LIMIT_MS,
  );
});
