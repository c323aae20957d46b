import { seededRecord, SEEDED_NAME_PREFIX } from '../../large-record/seeding.ts';
import type { Connection } from './connection.ts';
import type { Ledger } from './ledger.ts';
import { rowCount } from '../../command-line/row-count.ts';

/** The result of comparing the database with the ledger. */
export interface LedgerVerdict {
  /** Number of acknowledged writes. */
  readonly acknowledged: number;
  /** Records that should exist but do not. */
  readonly missing: number;
  /** Records with another value. */
  readonly different: number;
  /** Records that should not exist, for example from a create that ran twice. */
  readonly unexpected: number;
}

type Counts = Record<'missing' | 'different' | 'unexpected', string>;

/**
 * Compares every row of the table with the ledger, in one statement of plain SQL that uses no application code.
 *
 * @param connection to the database
 * @param column the column with the timestamps
 */
export async function checkLedger(
  connection: Connection,
  ledger: Ledger,
  column: 'created_at' | 'created_at_new',
): Promise<LedgerVerdict> {
  const { written, doubtful, seededRows } = ledger;
  const expectedRows =
    seededRows -
    doubtful.filter((id) => id <= seededRows).length +
    written.filter(({ id }) => id > seededRows).length;
  const { rows } = await connection.query<Counts>(
    `
    with written as (
      select id, name, created_at::timestamp at time zone 'UTC' as timestamp
      from unnest($1::bigint[], $2::text[], $3::text[]) as w (id, name, created_at)
    ),
    checked as (
      select
        w.id is not null or r.id between 1 and $6::bigint as is_expected,
        case
          when w.id is not null then (r.name, r.${column}) is not distinct from (w.name, w.timestamp)
          else (r.name, r.${column})
            is not distinct from ($4 || r.id, $5::timestamptz + (r.id - 1) * interval '1 second')
        end as is_right
      from public.large_record r left join written w using (id)
      where r.id <> all ($7::bigint[])
    )
    select
      $8::bigint - count(*) filter (where is_expected) as missing,
      count(*) filter (where is_expected and not is_right) as different,
      count(*) filter (where not is_expected) as unexpected
    from checked`,
    [
      written.map(({ id }) => id),
      written.map(({ name }) => name),
      written.map(({ created_at }) => created_at),
      SEEDED_NAME_PREFIX,
      seededRecord(1).createdAt.toISOString(),
      seededRows,
      doubtful,
      expectedRows,
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

/** The result as a sentence. */
export function ledgerSentence({ acknowledged, missing, different, unexpected }: LedgerVerdict): string {
  const counts = `${rowCount(missing)} missing, ${rowCount(different)} different, ${rowCount(unexpected)} unexpected`;
  return `${rowCount(acknowledged)} acknowledged writes compared with every row: ${counts}.`;
}
