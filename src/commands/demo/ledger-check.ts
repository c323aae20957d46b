import { seededRecord, SEEDED_NAME_PREFIX } from '../../large-record/seeding.ts';
import type { Connection } from './connection.ts';
import type { Ledger } from './ledger.ts';

/** What a comparison of the database with the ledger finds. */
export interface LedgerVerdict {
  /** Writes that the API acknowledged. */
  readonly acknowledged: number;
  /** Records that must be there and are not. */
  readonly missing: number;
  /** Records that are there with another value. */
  readonly different: number;
  /** Records that nobody made, such as those of a create that was done twice. */
  readonly unexpected: number;
}

type Counts = Record<'missing' | 'different' | 'unexpected', string>;

/**
 * Compares every row of the table with the ledger, in plain SQL and without a line of the application, in one statement.
 *
 * @param connection to a database in which all migrations have run
 */
export async function checkLedger(connection: Connection, ledger: Ledger): Promise<LedgerVerdict> {
  const { written } = ledger;
  const { rows } = await connection.query<Counts>(
    `
    with written as (
      select id, name, created_at::timestamp at time zone 'UTC' as created_at
      from unnest($1::bigint[], $2::text[], $3::text[]) as w (id, name, created_at)
    ),
    expected as (
      select id, name, created_at from written
      union all
      select n, $4 || n, $5::timestamptz + (n - 1) * interval '1 second'
      from generate_series(1, $6::bigint) as n
      where not exists (select from written where id = n)
    )
    select
      count(*) filter (where r.id is null) as missing,
      count(*) filter (
        where r.id = e.id and (r.name, r.created_at) is distinct from (e.name, e.created_at)
      ) as different,
      count(*) filter (where e.id is null) as unexpected
    from expected e full join public.large_record r on r.id = e.id
    where coalesce(r.id, e.id) <> all ($7::bigint[])`,
    [
      written.map(({ id }) => id),
      written.map(({ name }) => name),
      written.map(({ created_at }) => created_at),
      SEEDED_NAME_PREFIX,
      seededRecord(1).createdAt.toISOString(),
      ledger.seededRows,
      ledger.doubtful,
    ],
  );
  const { missing, different, unexpected } = rows[0]!;
  return {
    acknowledged: ledger.acknowledged,
    missing: Number(missing),
    different: Number(different),
    unexpected: Number(unexpected),
  };
}
