import { expect, it } from '@jest/globals';
import { connect } from '../../support/database-client.ts';
import { createTestDatabase } from '../../support/test-server.ts';
import { expectWholeCycle, LIMIT_MS } from './tool-cycle.ts';
import { openToolProject, readBlocks } from './tool-project.ts';

it(
  'a project with `pg` alone carries a change out and back under load',
  () =>
    expectWholeCycle({
      file: 'src/orders-pg.ts',
      ledger: 'migration',
      async migrate(url, migrations) {
        await using client = await connect(url);
        await client.rows(`create table if not exists migration (name text primary key)`);
        for (const { name, sql } of migrations) {
          if (await client.value(`select exists (select from migration where name = $1)`, [name])) continue;
          await client.rows(sql);
          await client.rows(`insert into migration values ($1)`, [name]);
        }
      },
    }),
  LIMIT_MS,
);

it(
  'the commands of docs/other-tools.md carry the change out and back',
  async () => {
    await using project = await openToolProject();
    await using database = await createTestDatabase();
    await using client = await connect(database.url);
    await client.rows(`
      create table orders (id bigint generated always as identity primary key, total text not null);
      insert into orders (total) values ('1.50'), ('2')`);
    await using load = project.startLoad('src/orders-pg.ts', database.url);
    const printed: (string | undefined)[] = [];
    for (const block of await readBlocks('sh')) {
      const output = await project.command(block.trim(), database.url);
      printed.push(output.trimEnd().split('\n').at(-1));
    }
    expect(printed.slice(1)).toEqual([
      'public.orders.total is at enforced.',
      'public.orders.total is at renamed.',
      'public.orders.total is at initial.',
    ]);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(await client.rows(`select total from orders where id < 3 order by id`)).toEqual([
      { total: '1.50' },
      { total: '2' },
    ]);
  },
  LIMIT_MS,
);
