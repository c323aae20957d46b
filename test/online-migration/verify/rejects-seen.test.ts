import { beforeEach, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { compareColumns } from '../../../src/online-migration/verify/equality-proof.ts';
import { countRejects } from '../../../src/online-migration/verify/rejects.ts';
import { changeOf } from '../../support/change-of.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const ROWS = 3_000;
const change: ColumnChange = changeOf('orders.total', {
  from: 'text',
  to: 'numeric(12,2)',
  conversion: textToNumeric(12, 2),
});

const database = databasePerFile();
const { client } = database;

beforeEach(async () => {
  await client.rows(`create table orders (id bigint primary key, total text not null)`);
  await client.rows(`insert into orders select n, n || '.50' from generate_series(1, ${ROWS}) as n`);
  await client.rows(`analyze orders`);
});

const recorded = () => client.value<number>(`select count(*)::int from online_migration.reject`);

it.each([1, ROWS / 2, ROWS])('a comparison of all rows sees that row %i has no new value', async (id) => {
  const context = await database.open(change);
  await expand(context);
  await backfill(context);
  expect(await compareColumns(context, 'read')).toEqual({ differences: [], mayHaveRejects: false });
  expect(await countRejects(context.session, change)).toBe(0);

  await client.rows(`update orders set total = 'much' where id = $1`, [id]);
  expect(await compareColumns(context, 'read')).toEqual({ differences: [], mayHaveRejects: true });
  await expect(enforce(context)).rejects.toMatchObject({ code: 'REJECTS_LEFT' });
  expect(await recorded()).toBe(1);
  expect(await countRejects(context.session, change)).toBe(1);

  await client.rows(`update orders set total = '7' where id = $1`, [id]);
  expect(await countRejects(context.session, change)).toBe(0);
  await enforce(context);
  expect(await recorded()).toBe(0);
});
