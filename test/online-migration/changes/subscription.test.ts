import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { rename } from '../../../src/online-migration/phases/rename.ts';
import { openContext } from '../../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { startOwnServer } from '../../support/own-server.ts';
import { changeOfPart } from './obstacles/obstacle.ts';

const LIMIT_MS = 120_000;
const POLL_MS = 50;
const TABLE = `create table part (id bigint primary key, size integer not null)`;
const change = changeOfPart();

const resources = new AsyncDisposableStack();
let url: string;
let publisher: DatabaseClient;
let subscriber: DatabaseClient;

beforeAll(async () => {
  const server = resources.use(
    await startOwnServer({ wal_level: 'logical', wal_retrieve_retry_interval: '100ms' }),
  );
  publisher = resources.use(await connect(server.url()));
  await publisher.rows('create database subscriber');
  url = server.url('subscriber');
  subscriber = resources.use(await connect(url));
  await publisher.rows(`${TABLE}; insert into part select n, n from generate_series(1, 100) as n`);
  await publisher.rows('create publication sizes for table part');
  await subscriber.rows(TABLE);
  // In one cluster, the subscription would wait for itself if it made the slot.
  await publisher.rows(`select pg_create_logical_replication_slot('sizes', 'pgoutput')`);
  await subscriber.rows(
    `create subscription "Sizes" connection '${server.url()}' publication sizes with (create_slot = false, slot_name = 'sizes')`,
  );
}, LIMIT_MS);
afterAll(async () => {
  await subscriber.rows(
    'alter subscription "Sizes" disable; alter subscription "Sizes" set (slot_name = none); drop subscription "Sizes"',
  );
  await resources.disposeAsync();
}, LIMIT_MS);

/** Writes a row on the publisher, and waits until it has reached the table that is changed. */
async function write(id: number, column: string | null): Promise<void> {
  await publisher.rows(`insert into part values (${id}, ${id})`);
  if (column === null) return;
  const arrived = () =>
    subscriber.value<boolean>(`select exists (select from part where id = ${id} and ${column} = ${id})`);
  const deadline = performance.now() + LIMIT_MS / 4;
  while (!(await arrived()) && performance.now() < deadline) await delay(POLL_MS);
  expect(await arrived()).toBe(true);
}

it(
  'a table that a subscription writes to is changed with the statements that the refusal names, and has every value',
  async () => {
    await write(101, 'size');
    await using context = await openContext(url, change);
    const message = await expand(context).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(message).toContain(`add 'subscription Sizes' to \`reviewed\``);
    const [disable, enable] = [...message.matchAll(/`(alter subscription [^`]+)`/g)].map(([, sql]) => sql!);
    await using allowed = await openContext(url, { ...change, reviewed: ['subscription Sizes'] });
    await expand(allowed);
    await write(102, 'size_new');
    await backfill(allowed);
    await enforce(allowed);
    await write(103, 'size_new');
    await subscriber.rows(disable!);
    await contract(allowed);
    await write(104, null);
    await rename(allowed);
    await subscriber.rows(enable!);
    await write(105, 'size');
    expect(await subscriber.value('select count(*)::int from part where size = id')).toBe(105);
  },
  LIMIT_MS,
);
