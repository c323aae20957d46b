import { describe, expect, it } from '@jest/globals';
import { planMigration } from '../../../src/online-migration/ordinary/plan-migration.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table reading (day date not null, sensor int not null, value int) partition by range (day)`,
  `create index on reading (sensor)`,
  `create table reading_2024 partition of reading for values from ('2024-01-01') to ('2025-01-01')`,
  `create table reading_other partition of reading default`,
  `create table "Reading ""2025""" (like reading)`,
  `create index on "Reading ""2025""" (sensor)`,
  `insert into reading select '2024-01-01'::date + n % 360, n, n from generate_series(1, 1000) n`,
  `insert into reading select '2030-01-01', n, n from generate_series(1, 1000) n`,
  `insert into "Reading ""2025""" select '2025-01-01'::date + n % 360, n, n from generate_series(1, 1000) n`,
  `create table part (id int not null) partition by hash (id)`,
  `create table part_0 partition of part for values with (modulus 2, remainder 0)`,
  `create table part_1 (id int not null)`,
  `insert into part_0 select n from generate_series(1, 100) n where satisfies_hash_partition('part'::regclass, 2, 0, n)`,
  `insert into part_1 select n from generate_series(1, 100) n where not satisfies_hash_partition('part'::regclass, 2, 0, n)`,
  `analyze`,
);

const ATTACH = `alter table reading attach partition "Reading ""2025""" for values from ('2025-01-01') to ('2026-01-01')`;

const open = () => Session.open({ connectionString: database.url }, 'migration');

const partitions = async (table: string) =>
  (
    await database.client.rows<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::regclass order by 1`,
      [table],
    )
  ).map(({ name }) => name);

/** Runs the steps of a plan, and counts the rows that a step reads under an exclusive lock. */
async function carryOut(statement: string): Promise<{ kinds: string[]; read: number }> {
  await using session = await open();
  const { steps } = await planMigration(session, [statement]);
  let read = 0;
  const counters = `
    select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer as rows from pg_stat_xact_user_tables`;
  for (const step of steps) {
    await session.query('begin');
    const { rows: before } = await session.query<{ rows: number }>(counters);
    for (const sql of step.statements) await session.query(sql);
    const { rows: after } = await session.query<{ rows: number }>(counters);
    await session.query('commit');
    if (step.kind === 'locked') read += after[0]!.rows - before[0]!.rows;
  }
  return { kinds: steps.map(({ kind }) => kind), read };
}

describe('an ordinary migration that attaches a partition', () => {
  it('proves the rows of it and of the default partition before, and leaves no check behind', async () => {
    expect(await carryOut(ATTACH)).toEqual({
      kinds: ['find', 'locked', 'validate', 'find', 'locked', 'validate', 'locked', 'locked', 'locked'],
      read: 0,
    });
    expect(await partitions('reading')).toEqual(['"Reading ""2025"""', 'reading_2024', 'reading_other']);
    expect(
      await database.client.rows(`select conname from pg_constraint where contype = 'c' and conrelid <> 0`),
    ).toEqual([]);
  });

  it('does so for a hash partition', async () => {
    const { read } = await carryOut(
      `alter table part attach partition part_1 for values with (modulus 2, remainder 1)`,
    );
    expect(read).toBe(0);
    expect(await partitions('part')).toEqual(['part_0', 'part_1']);
    expect(await database.client.value(`select count(*)::int from part`)).toBe(100);
  });

  it.each([
    [`insert into "Reading ""2025""" values ('2027-01-01', 1, 1)`, 0],
    [`insert into reading values ('2025-05-05', 1, 1)`, 3],
  ])('finds rows that are in the wrong place: %s', async (statement, place) => {
    await database.client.rows(statement);
    await using session = await open();
    const { steps } = await planMigration(session, [ATTACH]);
    expect(await database.client.rows(steps[place]!.statements[0] ?? '')).toHaveLength(1);
  });

  it.each([
    [`drop index "Reading ""2025""_sensor_idx"`, /an index of the partitioned table is missing on it/],
    [
      `create table sensor (id int primary key);
       insert into sensor select generate_series(0, 1000);
       alter table reading add foreign key (sensor) references sensor`,
      /a foreign key of the partitioned table is missing on it/,
    ],
  ])('is refused if PostgreSQL would read the table for more: %s', async (statement, reason) => {
    await database.client.rows(statement);
    await using session = await open();
    const { statements } = await planMigration(session, [ATTACH]);
    expect(statements[0]!.verdict).toMatchObject({ kind: 'refused', reason: expect.stringMatching(reason) });
  });
});
