import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { rename } from '../../../src/online-migration/phases/rename.ts';
import { type PhaseFunction, openContext } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { startOwnServer } from '../../support/own-server.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';

const LIMIT_MS = 120_000;
const POLL_MS = 50;
const tableOf = (name: string) => `create table ${name} (id bigint primary key, size integer not null)`;

/** A table, and how it is published. A column list names a column of the table that the subscriber does not have. */
const CASES = [
  { table: 'part', published: 'part' },
  // Column lists and row filters exist from PostgreSQL 15 on.
  ...(SERVER_MAJOR >= 15 ? [{ table: 'listed', published: 'listed (id, size) where (id > 0)' }] : []),
];

const resources = new AsyncDisposableStack();
let url: string;
let publisher: DatabaseClient;
let subscriber: DatabaseClient;

beforeAll(async () => {
  const server = resources.use(
    await startOwnServer({ wal_level: 'logical', wal_retrieve_retry_interval: '100ms' }),
  );
  url = server.url();
  publisher = resources.use(await connect(url));
  await publisher.rows('create database subscriber');
  subscriber = resources.use(await connect(server.url('subscriber')));
  for (const { table } of CASES) {
    await publisher.rows(`
      ${tableOf(table)}; insert into ${table} select n, n from generate_series(1, 100) as n;
      alter table ${table} add name text not null default 'without'`);
    await subscriber.rows(tableOf(table));
  }
  await subscriber.rows(`alter table part add name text`);
  await publisher.rows(
    `create publication sizes for table ${CASES.map(({ published }) => published).join(', ')}`,
  );
  // In one cluster, the subscription would wait for itself if it made the slot.
  await publisher.rows(`select pg_create_logical_replication_slot('sizes', 'pgoutput')`);
  await subscriber.rows(
    `create subscription sizes connection '${url}' publication sizes with (create_slot = false, slot_name = 'sizes')`,
  );
}, LIMIT_MS);
afterAll(async () => {
  await subscriber.rows(
    'alter subscription sizes disable; alter subscription sizes set (slot_name = none); drop subscription sizes',
  );
  await resources.disposeAsync();
}, LIMIT_MS);

/** Waits until the subscriber has all rows of the publisher, by their key and the value of a column. */
async function expectInStep(table: string, column: string): Promise<void> {
  const rows = (client: DatabaseClient) =>
    client.rows(`select id, ${column} as value from ${table} order by id`);
  const deadline = performance.now() + LIMIT_MS / 4;
  let [here, there] = [await rows(publisher), await rows(subscriber)];
  while (JSON.stringify(here) !== JSON.stringify(there) && performance.now() < deadline) {
    await delay(POLL_MS);
    [here, there] = [await rows(publisher), await rows(subscriber)];
  }
  expect(there).toEqual(here);
}

it.each(CASES)(
  'goes along with the statements that the refusal names, and has every value: for table $published',
  async ({ table }) => {
    const change = changeOf(`${table}.size`, { from: 'integer', to: 'bigint', conversion: integerToBigint });
    const judged = { ...change, reviewed: ['publication sizes'] };
    await using context = await openContext(url, change);
    const message = await expand(context).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(message).toContain('Logical slots of this database: sizes.');
    const [add, loosen, drop, renameColumn] = [...message.matchAll(/`(alter table [^`]+)`/g)].map(
      ([, sql]) => sql!,
    );
    await using allowed = await openContext(url, judged);
    const run = async (phase: PhaseFunction, id: number, column: string) => {
      await phase(allowed);
      await publisher.rows(`insert into ${table} (id, ${column}) values (${id}, ${id})`);
    };
    await subscriber.rows(add!);
    await run(expand, 101, 'size');
    await expectInStep(table, 'size');
    await run(backfill, 102, 'size');
    await run(enforce, 103, 'size_new');
    await expectInStep(table, 'size_new');
    await subscriber.rows(loosen!);
    await run(contract, 104, 'size_new');
    await expectInStep(table, 'size_new');
    await subscriber.rows(drop!);
    await run(rename, 105, 'size');
    await subscriber.rows(renameColumn!);
    await expectInStep(table, 'size');
    expect(await subscriber.value(`select count(*)::int from ${table} where size = id`)).toBe(105);
  },
  LIMIT_MS,
);
