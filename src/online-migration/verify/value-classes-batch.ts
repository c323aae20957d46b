import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { namesOf } from '../change/names.ts';
import type { Slice } from './value-classes-walk.ts';
import type { FaithfulConversion } from '../sync/faithful-conversion.ts';
import { areDifferent, isExact } from '../change/value-difference.ts';

/** How many rows of a group are shown. */
export const SAMPLES = 3;

/**
 * The effect of the change on a value.
 * - `rebuildable`: it converts, and converting back gives the same text.
 * - `kept`: it converts; contract keeps the text, because converting back gives another one.
 * - `null`: the old value is null, and the new value will be null.
 * - `reject`: it does not convert; enforce is refused while the row has it.
 */
export type ValueClass = 'rebuildable' | 'kept' | 'null' | 'reject';

/** Values of one class and one form. */
export interface ValueGroup {
  readonly valueClass: ValueClass;
  /** The form: every digit as 9, every letter as a. All dates of one format are one group. */
  readonly form: string;
  rows: number;
  /** The first three values by key. */
  readonly samples: { key: string; value: string | null }[];
  /**
   * The error that the conversion raises for the first of them; undefined if the conversion returns null, as it
   * should.
   */
  readonly error?: string;
}

/** The result of a batch of rows. */
export interface Batch {
  /** The key of its last row, as texts; null if there was no row. */
  readonly lastKey: string[] | null;
  readonly groups: ValueGroup[];
}

/**
 * Classifies the values of a slice in one statement.
 * @param conversion of the change
 */
export async function classifyBatch(
  database: Queryable,
  change: ChangedColumn,
  conversion: FaithfulConversion,
  slice: Slice,
): Promise<Batch> {
  const { selected } = namesOf(change).key;
  const { type } = change.oldColumn;
  const { backward, forwardInBulk: forward = conversion.forward } = conversion;
  const { rows } = await database.query<{ last_key: string[] | null; groups: ValueGroup[] }>(
    `
    with batch as materialized (${rowsOf(change, slice)}
    ), converted as materialized (
      select row_number() over (order by ${selected.list('b')}) as place, ${selected.text('b')} as key, b.old_value,
        ${forward('b.old_value')} as new_value
      from batch b
    ), classified as (
      select place, key, old_value::text as value,
        case
          when old_value is null then 'null'
          when new_value is null then 'reject'
          when ${backward === undefined ? 'true' : `not (${areDifferent(type, rebuilt(type, backward), 'old_value')})`} then 'rebuildable'
          else 'kept'
        end as class,
        ${formOf('old_value')} as form
      from converted
    ), numbered as (
      select *, row_number() over (partition by class, form order by place) as number from classified
    ), grouped as (
      select class, form, count(*) as rows,
        jsonb_agg(jsonb_build_object('key', key, 'value', value) order by place) filter (where number <= ${SAMPLES})
          as samples
      from numbered
      group by class, form
    )
    select
      (select ${selected.texts('b')} from batch b order by ${selected.descending('b')} limit 1) as last_key,
      coalesce((
        select jsonb_agg(
          jsonb_build_object('valueClass', class, 'form', form, 'rows', rows, 'samples', samples)
        )
        from grouped
      ), '[]') as groups`,
    [...slice.values],
  );
  return { lastKey: rows[0]?.last_key ?? null, groups: rows[0]?.groups ?? [] };
}

/**
 * Classifies the only row of a slice as a reject, because the conversion raises an error for it.
 * @param error the error
 */
export async function readFailedRow(
  database: Queryable,
  change: ChangedColumn,
  slice: Slice,
  error: string,
): Promise<Batch> {
  const { selected } = namesOf(change).key;
  const { rows } = await database.query<{ last_key: string[]; key: string; value: string; form: string }>(
    `
    with batch as materialized (${rowsOf(change, slice)}
    )
    select ${selected.texts('b')} as last_key, ${selected.text('b')} as key, b.old_value::text as value,
      ${formOf('b.old_value')} as form
    from batch b`,
    [...slice.values],
  );
  const [row] = rows;
  if (row === undefined) return { lastKey: null, groups: [] };
  const { key, value, form } = row;
  return {
    lastKey: row.last_key,
    groups: [{ valueClass: 'reject', form, rows: 1, samples: [{ key, value }], error }],
  };
}

function rowsOf(change: ChangedColumn, { table, condition, rows }: Slice): string {
  const { key, oldColumn } = namesOf(change);
  return `
      select ${key.select('t')}, t.${oldColumn} as old_value
      from ${table} t
      where ${condition}
      order by ${key.list('t')}
      limit ${rows}`;
}

function formOf(value: string): string {
  return `regexp_replace(
          translate(coalesce(${value}::text, ''), '012345678', '999999999'), '[[:alpha:]]', 'a', 'g'
        )`;
}

/**
 * The result of the conversion back, cast to the old type. If `=` compares the types directly, there is no cast,
 * because a cast would truncate a value that is too long.
 */
function rebuilt(type: string, backward: (value: string) => string): string {
  return isExact(type) ? backward('new_value') : `(${backward('new_value')})::${type}`;
}
