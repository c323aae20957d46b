import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { MikroORM } from '@mikro-orm/postgresql';
import Koa from 'koa';
import { applicationConnections } from '../../../src/database/application-connections.ts';
import { createdAtColumn } from '../../../src/large-record/created-at-change.ts';
import { openOrm } from '../../../src/orm/open-orm.ts';
import { ActiveColumnFollower } from '../../../src/online-migration/follow/active-column-follower.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createMigratedDatabase, openMigrator, type TestMigrator } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { send } from '../../support/send.ts';

const ROWS = 3;
const REQUEST_TIMEOUT_MS = 30_000;

let resources: AsyncDisposableStack;
let client: DatabaseClient;
let migrator: TestMigrator;
let em: MikroORM['em'];
let follower: ActiveColumnFollower;
/** The columns that units of work used, one for each time that one began. */
let begun: string[];

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  const { url } = resources.use(await createMigratedDatabase('0001'));
  client = resources.use(await connect(url));
  await insertRows(client, ROWS);
  await client.rows(`create table audit (note text)`);
  migrator = resources.use(await openMigrator(url));
  await migrator.go('0005');
  const { pool } = applicationConnections({ requests: [url] }, REQUEST_TIMEOUT_MS);
  ({ em } = resources.use(await openOrm(url, [], pool)).orm);
  follower = new ActiveColumnFollower(createdAtColumn, await em.getConnection().getNativeClient());
  begun = [];
});
afterEach(() => resources.disposeAsync());

/** Serves one request by this unit of work; returns what came back. */
async function request(
  unit: (column: string) => Promise<unknown>,
): Promise<{ status: number; body: unknown }> {
  const koa = new Koa();
  koa.silent = true;
  koa.use(async (ctx) => {
    ctx.body = await follower.run(async ({ name }) => {
      begun.push(name);
      return unit(name);
    });
  });
  const server = koa.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { status, text } = await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return { status, body: status === 200 ? JSON.parse(text) : text };
  } finally {
    server.close();
  }
}

const onFirstRun = async (happens: () => Promise<void>) => {
  if (begun.length === 1) await happens();
};

it('a rename between two reads of one request: it is answered by the second run alone', async () => {
  const answer = await request(async (column) => {
    const [first] = await em.execute(
      `select '${column}' as column, max(${column}) as moment from large_record`,
    );
    await onFirstRun(() => migrator.go('0006'));
    const rows = await em.execute(`select id from large_record where ${column} <= ?`, [first!.moment]);
    return { column: first!.column, rows: rows.length };
  });
  expect(begun).toEqual(['created_at_new', 'created_at']);
  expect(answer).toEqual({ status: 200, body: { column: 'created_at', rows: ROWS } });
});

it('a rename in a transaction that has written elsewhere: that is rolled back, and all is done once', async () => {
  const answer = await request((column) =>
    em.fork().transactional(async (tx) => {
      await tx.execute(`insert into audit values ('all moments are one second later')`);
      await onFirstRun(() => migrator.go('0006'));
      await tx.execute(`update large_record set ${column} = ${column} + interval '1 second'`);
      return { done: true };
    }),
  );
  expect(begun).toEqual(['created_at_new', 'created_at']);
  expect(answer).toEqual({ status: 200, body: { done: true } });
  expect(await client.value(`select count(*) from audit`)).toBe('1');
  expect(
    await client.value(`
      select count(*) from large_record
      where created_at = timestamptz '2024-01-01 10:00:00+00' + id * interval '1 second'`),
  ).toBe(String(ROWS));
});

it('a rename that meets a transaction on the table waits for it, and no run is lost', async () => {
  let renaming: Promise<void> | undefined;
  const answer = await request((column) =>
    em.fork().transactional(async (tx) => {
      await tx.execute(`update large_record set name = 'changed' where id = 1`);
      const waits = migrator.logged(/rename: no lock on .* within 100 ms/);
      renaming = migrator.go('0006');
      await waits;
      const rows = await tx.execute(`select ${column} from large_record`);
      return { rows: rows.length };
    }),
  );
  await renaming;
  expect(begun).toEqual(['created_at_new']);
  expect(answer).toEqual({ status: 200, body: { rows: ROWS } });
  expect(await client.value(`select name from large_record where id = 1`)).toBe('changed');
  expect(await migrator.applied()).toContain('0006');
});
