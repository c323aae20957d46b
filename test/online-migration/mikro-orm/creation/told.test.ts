import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { p } from '@mikro-orm/core';
import { databasePerFile } from '../../../support/tested-database.ts';
import { customers, orders } from '../../ordinary/edits/entities.ts';
import { openGeneratedProject } from './generated-project.ts';

const database = databasePerFile(
  `create table customers (id serial primary key, name text not null, legacy int not null)`,
  `create table orders (id serial primary key, total int not null, note text)`,
  `insert into orders (total) values (1)`,
);

it('a new migration says which differences of a changing column the next one writes', async () => {
  await using project = await openGeneratedProject(database.url, [
    orders({ total: p.bigint().index().nullable() }),
    customers({ legacy: p.integer() }),
  ]);
  await project.migrator.create();
  expect(project.log).toContainEqual(
    expect.stringContaining(
      'orders_total_index, the NOT NULL of total of orders: the next migration:create writes them, after the last',
    ),
  );
});

it('a migration without statements on the way back says that none is needed', async () => {
  await using project = await openGeneratedProject(database.url, [orders(), customers()]);
  await project.migrator.create();
  const [first = '', second = ''] = await project.files();
  const text = await readFile(join(project.folder, 'migrations', first), 'utf8');
  expect(text).toContain('this.addSql(`alter table "customers" alter column "legacy" drop not null;`);');
  expect(text.slice(text.indexOf('down('))).toBe(`down(): void | Promise<void> {
    // Nothing to revert: the older release works with the tables as they are.
  }

}
`);
  expect(second).toMatch(/_drop_customers_legacy\.ts$/);
  const told = [...project.log.join('\n').matchAll(/migration:up --to (\S+)/g)].map(([, name]) => name);
  expect(told).toEqual([first.replace('.ts', ''), second.replace('_drop_customers_legacy.ts', '')]);
  await project.migrator.up();
  await project.migrator.down({ to: 0 });
  expect(await project.migrator.getExecuted()).toEqual([]);
});

it('a new migration says which policies it removes', async () => {
  await database.client.rows(`alter table orders enable row level security`);
  await database.client.rows(`create policy shown on orders using (total > 0)`);
  await using project = await openGeneratedProject(database.url, [
    orders({ extra: p.text().nullable() }),
    customers({ legacy: p.integer() }),
  ]);
  await project.migrator.create();
  expect(project.log).toContainEqual(
    expect.stringContaining(
      'the new migration removes the policy shown, row level security of orders, which the entity does not have',
    ),
  );
});
