import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { OnlineMigrationEvent } from '../../../src/online-migration/index.ts';
import { carryOut } from '../../../src/online-migration/ordinary/carry-out.ts';
import { planMigration } from '../../../src/online-migration/ordinary/plan-migration.ts';
import { DEFAULT_SETTINGS } from '../../../src/online-migration/phases/settings.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { lockWaiter, terminateSession } from '../../support/lock-waits.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { SEED, seededRandom } from '../../support/seeded-random.ts';
import { databasePerFile } from '../../support/tested-database.ts';

/** A run takes longer, so each one is cut somewhere. */
const LONGEST_MS = 60;
const LIMIT_MS = 50_000;

const database = databasePerFile(
  `create table customers (id int primary key)`,
  `insert into customers select generate_series(1, 100)`,
  `create table orders (id serial primary key, total int not null, note text null, customer_id int null)`,
  `insert into orders (total, note, customer_id) select n, 'note', 1 + n % 100 from generate_series(1, 500) n`,
  `create index orders_total_index on orders (total)`,
  `create table ledger (migration text)`,
  `analyze`,
);

/** A step of each kind. */
const STATEMENTS = [
  `alter table orders add remark text null`,
  `insert into customers values (1000)`,
  `alter table orders alter note set not null`,
  `create index orders_note_index on orders (note)`,
  `drop index orders_total_index`,
  `alter table orders add constraint orders_total_unique unique (total)`,
  `alter table orders add constraint orders_customer foreign key (customer_id) references customers`,
  `update customers set id = 1001 where id = 1000`,
];

interface RunOptions {
  readonly heard?: (event: OnlineMigrationEvent) => unknown;
  readonly signal?: AbortSignal;
}

async function run(
  session: Session,
  statements: readonly string[] = STATEMENTS,
  { heard = () => undefined, signal = AbortSignal.timeout(LIMIT_MS) }: RunOptions = {},
): Promise<void> {
  await carryOut({
    migration: 'Several',
    direction: 'up',
    statements,
    plan: async () => (await planMigration(session, statements)).steps,
    session,
    openSession: open,
    settings: DEFAULT_SETTINGS,
    emit: heard,
    signal: AbortSignal.any([session.lost, signal]),
    recordInLedger: async () => {
      await session.query(`insert into ledger values ('Several')`);
    },
  });
}

const open = () => Session.open({ connectionString: database.url }, 'migration');

async function expectFinished(): Promise<void> {
  const { indexes, constraints, columns } = await readSchema(database.client);
  expect(Object.keys(indexes).toSorted()).toEqual([
    'customers_pkey',
    'orders_note_index',
    'orders_pkey',
    'orders_total_unique',
  ]);
  expect(constraints['orders.orders_customer']).toBe('FOREIGN KEY (customer_id) REFERENCES customers(id)');
  expect(Object.keys(constraints).filter((name) => name.includes('online_check'))).toEqual([]);
  expect(columns['public.orders.note']!.notNull).toBe(true);
  expect(await database.client.rows(`select id from customers where id >= 1000`)).toEqual([{ id: 1001 }]);
  expect(await database.client.rows(`select migration from ledger`)).toEqual([{ migration: 'Several' }]);
  expect(await database.client.rows(`select from pg_namespace where nspname = 'online_migration'`)).toEqual(
    [],
  );
  expect(await database.client.rows(`select indexrelid from pg_index where not indisvalid`)).toEqual([]);
}

describe('an ordinary migration that is interrupted', () => {
  it('behind each of its steps goes on with the next one', async () => {
    await using session = await open();
    let cuts = 0;
    for (; ; cuts++) {
      const interrupt = new AbortController();
      const ended = await run(session, STATEMENTS, {
        heard: ({ type }) => type === 'migration-step' && interrupt.abort(new Error('Interrupted.')),
        signal: interrupt.signal,
      }).catch((error: Error) => error.message);
      if (typeof ended !== 'string') break;
      expect(ended).toBe('Interrupted.');
    }
    const { steps } = await planMigration(session, STATEMENTS);
    expect(cuts).toBeGreaterThan(steps.length);
    await expectFinished();
  });

  it('by the end of its session, at any moment, goes on', async () => {
    const random = seededRandom(SEED);
    let cuts = 0;
    for (;;) {
      await using session = await open();
      const { rows } = await session.query<{ pid: number }>(`select pg_backend_pid() as pid`);
      const ran = run(session).then(
        () => true,
        () => false,
      );
      await delay(random() * LONGEST_MS);
      await terminateSession(rows[0]!.pid);
      if (await ran) break;
      cuts++;
    }
    console.log(`${cuts} cuts`);
    await expectFinished();
  });

  it('in the build of an index builds it again', async () => {
    const { client } = database;
    const writer = await database.connect('an older transaction');
    await writer.rows('begin');
    await writer.rows('update orders set total = total where id = 1');
    const statements = [`create index orders_note_index on orders (note)`];
    {
      await using session = await open();
      const failed = run(session, statements).catch((error: Error) => error);
      await terminateSession(await lockWaiter(database.url));
      expect(await failed).toBeInstanceOf(Error);
    }
    expect(
      await client.rows(`select indisvalid from pg_index where indexrelid = 'orders_note_index'::regclass`),
    ).toEqual([{ indisvalid: false }]);
    await writer.rows('commit');
    await using session = await open();
    await run(session, statements);
    expect(
      await client.rows(`select indisvalid from pg_index where indexrelid = 'orders_note_index'::regclass`),
    ).toEqual([{ indisvalid: true }]);
  });

  it('does not go on with other statements', async () => {
    await using session = await open();
    await database.client.rows(`create index orders_note_index on orders (note)`);
    await expect(run(session)).rejects.toMatchObject({
      code: 'MIGRATION_STEP_FAILED',
      message: expect.stringMatching(
        /orders_note_index" already exists\. The steps before it are done: .*Run the same command again/,
      ),
    });
    await expect(run(session, STATEMENTS.slice(1))).rejects.toMatchObject({
      code: 'MIGRATION_EDITED',
      message: expect.stringMatching(
        /Several was interrupted on its way up after \d+ of \d+ steps, and its statements have changed since/,
      ),
    });
    await database.client.rows(`drop index orders_note_index`);
    await run(session);
    await expectFinished();
  });
});
