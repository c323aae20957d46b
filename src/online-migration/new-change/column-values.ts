import { escapeIdentifier } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import type { EpochUnit } from '../conversions/index.ts';
import type { ColumnFacts, TableFacts } from './table-facts.ts';

/** Rows that are read at most: enough to judge, and quick on any table. */
const READ_ROWS = 10_000;
const SAMPLE_VALUES = 12;
/** Longer texts would make the test unreadable. */
const LONGEST_SAMPLE = 200;
/** The years 5138 in seconds, and in milliseconds: a greater number has a smaller unit. */
const GREATEST_SECONDS = 100_000_000_000n;
const GREATEST_MILLISECONDS = 100_000_000_000_000n;

/** Some of a column's values as texts: the shortest, the longest, and others. */
export async function sampleOf(
  database: Queryable,
  table: TableFacts,
  { name }: ColumnFacts,
): Promise<string[]> {
  const { rows } = await database.query<{ value: string }>(
    `
    with ranked as (
      select value, row_number() over (order by octet_length(value), value) as place, count(*) over () as total
      from (select distinct value from (${someValues(table, name)}) as read where octet_length(value) <= $1) as differing
    )
    select value from ranked
    where place <= 2 or place > total - 2 or place % greatest(total / ${SAMPLE_VALUES - 4}, 1) = 0
    order by place
    limit ${SAMPLE_VALUES}`,
    [LONGEST_SAMPLE],
  );
  return rows.map(({ value }) => value);
}

/** The unit of integers that are times since 1970, by the greatest of some values. */
export async function epochUnitOf(
  database: Queryable,
  table: TableFacts,
  { name, type }: ColumnFacts,
): Promise<EpochUnit> {
  if (type !== 'bigint') return 's';
  const { rows } = await database.query<{ greatest: string | null }>(
    `select max(value::numeric)::text as greatest from (${someValues(table, name)}) as read`,
  );
  const greatest = BigInt(rows[0]?.greatest ?? 0);
  if (greatest > GREATEST_MILLISECONDS) return 'us';
  return greatest > GREATEST_SECONDS ? 'ms' : 's';
}

function someValues({ schema, name }: TableFacts, column: string): string {
  const table = `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
  return `select ${escapeIdentifier(column)}::text as value from ${table} where ${escapeIdentifier(column)} is not null limit ${READ_ROWS}`;
}
