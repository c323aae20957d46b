import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { followPage } from '../../../src/showcase/docs-pages/follow.ts';
import { readPage } from '../../../src/showcase/docs-pages/page.ts';
import { PROJECT_FOLDER } from '../../../src/database/project-folder.ts';
import { connect } from '../../support/database-client.ts';
import { copyProject, linkPackages } from '../../support/project-copy.ts';
import { createTestDatabase } from '../../support/test-server.ts';

/** A generated test, the linter, the type check and fifteen commands. */
const LIMIT_MS = 300_000;

const ORDERS = [
  `create table orders (id bigint generated always as identity primary key, total text not null)`,
  `create index on orders (total)`,
  `insert into orders (total) values ('1.50'), ('007.5'), ('-3')`,
];

it(
  'docs/adapting.md, followed in an empty folder, leads to a change of another table',
  async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'adapting-'));
    await using own = await createTestDatabase();
    await using client = await connect(own.url);
    for (const statement of ORDERS) await client.rows(statement);
    const project = join(folder.path, 'my-project');
    await copyProject(project);
    await linkPackages(project);

    const steps = readPage(await readFile(join(PROJECT_FOLDER, 'docs/adapting.md'), 'utf8'));
    const outputs = await followPage(steps, {
      folder: folder.path,
      environment: () => ({
        // As in the reader's shell: npm has put the packages' Node.js in front for this test only.
        PATH: process.env['PATH']
          ?.split(delimiter)
          .filter((place) => !place.includes('node_modules'))
          .join(delimiter),
        MY_DATABASE_URL: own.url,
        DATABASE_URL: undefined,
        TEST_DATABASE_URL: process.env['TEST_SERVER_URL'],
      }),
      // The copy has these already, and its packages are links to those of this project.
      instead: (command) => (/^(git clone|npm (un)?install)\b/.test(command) ? null : command),
      ready: async () => undefined,
      log: () => undefined,
    });
    const output = outputs.join('\n');
    expect(output).toContain('migrations/0005_rename_orders_total.ts');
    expect(output).toMatch(/Tests: {7}1 passed, 1 total/);
    expect(output).toContain('2 rows convert; their text is kept for the way back');
    expect(output).toContain('renamed (6 of 6)');
    expect(output).toMatch(/Applied '0001_expand_orders_total'[^]*Reverted '0001_expand_orders_total'/);
    expect(outputs.at(-1)).toBe('1.50 007.5 -3\n');
    expect(
      await client.value(`
        select count(*)::int from pg_attribute where attrelid = 'orders'::regclass and attname = 'total_new' and not attisdropped`),
    ).toBe(0);
    expect(await client.rows(`select total from orders order by id`)).toEqual(
      ['1.50', '007.5', '-3'].map((total) => ({ total })),
    );
  },
  LIMIT_MS,
);
