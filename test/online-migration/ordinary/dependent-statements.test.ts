import { describe, expect, it } from '@jest/globals';
import { planMigration } from '../../../src/online-migration/ordinary/plan-migration.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { carriedOut } from '../../support/carried-out.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table customers (id int primary key, name text)`,
  `insert into customers select n, 'customer ' || n from generate_series(1, 100) n`,
  `create table orders (id serial primary key, total int not null, note text null, customer_id int null, label varchar(50) null)`,
  `insert into orders (total, note, customer_id, label) select n, 'note', 1 + n % 100, 'label' from generate_series(1, 2000) n`,
  `create type st as enum ('a', 'b')`,
  `create table parent (id int primary key, code int)`,
  `create table child () inherits (parent)`,
  `insert into parent values (1, 1)`,
  `insert into child values (1, 1)`,
  `create table parted (id int not null, code int) partition by range (id)`,
  `create table parted_1 partition of parted for values from (0) to (1000)`,
  `insert into parted select n, n from generate_series(1, 500) n`,
  `analyze`,
);

/** Statements that depend on earlier ones of the same migration. */
const SAFE: readonly (readonly [name: string, statements: readonly string[]])[] = [
  [
    'an index of a table that was renamed',
    [`alter table orders rename to purchases`, `create index on purchases (note)`],
  ],
  [
    'not null of a new column',
    [
      `alter table orders add remark text null`,
      `update orders set remark = 'none'`,
      `alter table orders alter remark set not null`,
    ],
  ],
  [
    'not null of a column that was renamed',
    [`alter table orders rename note to remark`, `alter table orders alter remark set not null`],
  ],
  [
    'constraints of a table and a column that were renamed',
    [
      `alter table orders rename to purchases`,
      `alter table purchases rename note to remark`,
      `alter table purchases alter remark set not null`,
      `alter table purchases add check (remark <> '')`,
      `alter table purchases add unique (id, remark)`,
      `alter table purchases add foreign key (customer_id) references customers`,
    ],
  ],
  [
    'two indexes without a name',
    [`create index on orders (note)`, `create index on orders (note)`, `create index on orders (note)`],
  ],
  [
    'two checks without a name',
    [`alter table orders add check (total > id - 1)`, `alter table orders add check (total < id + 1)`],
  ],
  [
    'an index in place of one without a name',
    [
      `create index orders_note_idx on orders (note)`,
      `drop index orders_note_idx`,
      `create index on orders (note)`,
    ],
  ],
  [
    'an enum value that is used',
    [`alter type st add value 'c'`, `alter table orders add state st not null default 'c'`],
  ],
  [
    'a table that is made again',
    [
      `drop table customers`,
      `create table customers (id int primary key)`,
      `alter table customers add required int not null`,
      `alter table customers add numbered serial`,
    ],
  ],
  ['a column that is there', [`alter table orders add column if not exists total int not null`]],
  [
    'a temporary table',
    [
      `create temporary table kept on commit drop as select id from orders where id < 10`,
      `alter table orders add fine int null`,
      `update orders set note = 'kept' where id in (select id from kept)`,
      `drop table kept`,
    ],
  ],
  [
    'a setting',
    [
      `set local search_path = other, public`,
      `create table made (id int)`,
      `create index on orders (note)`,
      `create table also ()`,
    ],
  ],
  ['an index of a partitioned table alone', [`create index parted_code on only parted (code)`]],
  ['a unique constraint of a parent', [`alter table parent add unique (code)`]],
  [
    'a dropped and an added column of one name',
    [
      `-- online: after 0012
alter table orders add note int null, drop column note`,
    ],
  ],
  [
    'a foreign key that is checked at once, as Django writes it',
    [
      `alter table orders add buyer_id int null constraint orders_buyer references customers (id) deferrable initially deferred`,
      `set constraints orders_buyer immediate`,
      `create index on orders (buyer_id)`,
      `set constraints all immediate`,
    ],
  ],
  [
    'a row of a large table',
    [
      `insert into customers select n, 'x' from generate_series(1000, 30000) n`,
      `update customers set name = 'one' where id = 7`,
    ],
  ],
];

/** Statements that need one transaction, in a migration that has several. */
const BOUND: readonly (readonly [name: string, statement: string])[] = [
  ['a temporary table', `create temporary table kept as select 1`],
  ['a lock', `lock table customers in share mode`],
  ['deferred constraints', `set constraints all deferred`],
  ['a prepared statement', `prepare one as select 1`],
];

const run = (statements: readonly string[]) => carriedOut(database.url, statements);

async function catalogAsWritten(statements: readonly string[]) {
  const { client } = database;
  await client.rows('begin');
  try {
    for (const statement of statements)
      await client.rows(
        statement.replace(' concurrently', '').replace(`add value 'c'`, `rename value 'a' to 'c'`),
      );
    await client.rows(`create table public.ledger ()`);
    return await readSchema(client);
  } finally {
    await client.rows('rollback');
    // The planner takes the space of its rows for more rows.
    await client.rows('vacuum customers');
  }
}

describe('a statement that depends on earlier ones', () => {
  it.each(SAFE)('like %s leads to the same catalog', async (_, statements) => {
    await database.client.rows(`create schema if not exists other`);
    const expected = await catalogAsWritten(statements);
    try {
      await run(statements);
      expect(await readSchema(database.client)).toEqual(expected);
    } finally {
      await database.client.rows(`drop schema other cascade`);
    }
  });

  it.each(SAFE)('like %s reads and rewrites no table under an exclusive lock', async (_, statements) => {
    await using session = await Session.open({ connectionString: database.url }, 'migration');
    const { steps } = await planMigration(session, statements);
    for (const step of steps) {
      if (step.kind !== 'together' && step.kind !== 'locked') {
        for (const statement of step.statements) await session.query(statement);
        continue;
      }
      await session.query('begin');
      const counters = `
        select coalesce(sum(seq_tup_read), 0)::integer as rows
        from pg_stat_xact_user_tables where relname in ('orders', 'purchases')`;
      const { rows: before } = await session.query<{ rows: number }>(counters);
      for (const statement of step.statements) await session.query(statement);
      const { rows: after } = await session.query<{ rows: number }>(counters);
      await session.query('commit');
      if (step.lock === null || step.statements.some((sql) => sql.startsWith('update'))) continue;
      expect(after[0]!.rows).toBeLessThanOrEqual(before[0]!.rows);
    }
  });

  it.each(BOUND)('like %s is refused in a migration of several transactions', async (_, statement) => {
    await expect(run([statement, `create index on orders (note)`])).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      message: expect.stringMatching(/its effect ends with the transaction or the session/),
    });
    await run([statement, `alter table orders add fine int null`]);
  });

  it('goes on in another session with the settings of the first', async () => {
    await database.client.rows(`create schema other`);
    const statements = [
      `set lock_timeout = '1h'`,
      `select pg_catalog.set_config('search_path', 'other', true)`,
      `create table made (id int)`,
      `create index on public.orders (note)`,
      `create table also (id int)`,
    ];
    await database.client.rows(`create table other.also ()`);
    await expect(run(statements)).rejects.toMatchObject({ code: 'MIGRATION_STEP_FAILED' });
    await database.client.rows(`drop table other.also`);
    await run(statements);
    expect(
      await database.client.rows(
        `select relname from pg_class where relnamespace = 'other'::regnamespace order by 1`,
      ),
    ).toEqual([{ relname: 'also' }, { relname: 'made' }]);
    await database.client.rows(`drop schema other cascade`);
  });

  it('like a validated check, which is all that not null needs, reads the rows once', async () => {
    const kinds = await run([
      `alter table orders add constraint filled check (note is not null) not valid`,
      `alter table orders validate constraint filled`,
      `alter table orders alter note set not null`,
      `alter table orders drop constraint filled`,
    ]);
    expect(kinds).toEqual(['locked', 'validate', 'locked', 'together']);
  });

  it('like a check that is dropped proves no column not null', async () => {
    await database.client.rows(`alter table orders add constraint filled check (note is not null)`);
    await using session = await Session.open({ connectionString: database.url }, 'migration');
    const { steps } = await planMigration(session, [
      `alter table orders drop constraint filled`,
      `alter table orders alter note set not null`,
    ]);
    expect(steps.map(({ kind }) => kind)).toEqual([
      'together',
      'find',
      'locked',
      'validate',
      'locked',
      'locked',
    ]);
  });

  it('of an accepted one may last', async () => {
    await using session = await Session.open({ connectionString: database.url }, 'migration');
    const plan = await planMigration(session, [
      `-- online: accepted it is small\nalter table orders alter total type bigint`,
    ]);
    expect(plan.steps).toMatchObject([{ kind: 'locked', mayLast: true }]);
  });

  it('of many rows is refused, also in a common table expression, and in a table that was never analyzed', async () => {
    await database.client.rows(
      `create table never with (autovacuum_enabled = off) as select n as id from generate_series(1, 100000) n`,
    );
    for (const statement of [
      `update never set id = id + 1`,
      `with gone as (delete from never returning *) select count(*) from gone`,
      `insert into customers select n.id, o.note from orders o join never n on n.id = o.id * 2 + 1000 or true`,
    ]) {
      await expect(run([statement])).rejects.toMatchObject({
        code: 'MIGRATION_UNSAFE',
        message: expect.stringMatching(/would be locked until the last of them is written/),
      });
    }
  });

  it('that writes rows does not share a transaction with a lock on a table in use', async () => {
    await using session = await Session.open({ connectionString: database.url }, 'migration');
    const { steps } = await planMigration(session, [
      `alter table orders add fine int null`,
      `update orders set note = 'x' where id < 5`,
    ]);
    expect(steps.map(({ statements, lock }) => [statements.length, lock])).toEqual([
      [1, 'ACCESS EXCLUSIVE'],
      [1, null],
    ]);
  });
});
