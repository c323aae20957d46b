import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import type { RowKey } from '../change/row-key.ts';
import { findLeaves } from '../postgres/partition-tree.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { readOrderSchemas } from './key-order.ts';

/** A smaller table is read by one session: another one takes longer to connect. */
const SMALLEST_SPLIT_BLOCKS = 1_000;
/** Enough for a key near the middle, and quick to read. */
const SAMPLED_BLOCKS = 200;

/** The rows of a table between two keys, in the order of the key. */
export interface KeySpan {
  /** The key before the first row; null for the first row of the table. */
  readonly after: readonly string[] | null;
  /** The key of the last row; null for the last row of the table. */
  readonly upTo: readonly string[] | null;
  /** Of the operators that sort each key column, quoted. */
  readonly schemas: readonly string[];
}

/**
 * Divides a large table at a key near its middle, from a sample of its blocks. Every row belongs to exactly one span, also a row
 * that is inserted later.
 */
export async function readKeySpans(database: Queryable, change: ColumnChange): Promise<KeySpan[]> {
  const { table, key } = changeNamesOf(change);
  const whole = { after: null, upTo: null, schemas: await readOrderSchemas(database, change) };
  const blocks = (await findLeaves(database, table)).reduce((sum, leaf) => sum + leaf.blocks, 0);
  if (blocks < SMALLEST_SPLIT_BLOCKS) return [whole];
  const { rows } = await database.query<{ middle: string[] }>(`
    with sample as materialized (
      select ${key.select('t')} from ${table} t tablesample system (${(100 * SAMPLED_BLOCKS) / blocks})
    )
    select ${key.selected.texts('s')} as middle
    from sample s
    order by ${key.selected.list('s')}
    offset (select count(*) / 2 from sample)
    limit 1`);
  const middle = rows[0]?.middle;
  if (middle === undefined) return [whole];
  return [
    { ...whole, upTo: middle },
    { ...whole, after: middle },
  ];
}

/**
 * Conditions on a row `t`: it is in a span.
 * @param firstValue number of the first parameter; {@link spanValues} are the values
 */
export function spanConditions(key: RowKey, { after, upTo, schemas }: KeySpan, firstValue: number): string[] {
  return [
    ...(after === null ? [] : [key.compare('t', '>', firstValue, schemas)]),
    ...(upTo === null ? [] : [key.compare('t', '<=', firstValue + (after?.length ?? 0), schemas)]),
  ];
}

/** The parameters of {@link spanConditions}. */
export function spanValues({ after, upTo }: KeySpan): string[] {
  return [...(after ?? []), ...(upTo ?? [])];
}
