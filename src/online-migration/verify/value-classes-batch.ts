import type { ChangedColumn } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { changeNamesOf, namesOf } from '../change/names.ts';
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

/** Values of one column, of one class and one form. */
export interface ColumnValues {
  /** The old column, unquoted. */
  readonly column: string;
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
  readonly rows: number;
  readonly groups: ColumnValues[];
}

/** A column of the change, and its conversion. */
export interface Classified {
  readonly column: ChangedColumn;
  readonly conversion: FaithfulConversion;
}

/**
 * Classifies the values of a slice in one statement, which reads each row once for all columns.
 * @param columns at least one
 */
export async function classifyBatch(
  database: Queryable,
  change: ColumnChange,
  columns: readonly Classified[],
  slice: Slice,
): Promise<Batch> {
  const { selected } = changeNamesOf(change).key;
  const converted = columns.map(
    ({ conversion: { forward, forwardInBulk = forward } }, place) =>
      `b.old_${place}, ${forwardInBulk(`b.old_${place}`)} as new_${place}`,
  );
  const { rows } = await database.query<{ last_key: string[] | null; rows: number; groups: StoredGroup[] }>(
    `
    with batch as materialized (${rowsOf(change, columns, slice)}
    ), converted as materialized (
      select row_number() over (order by ${selected.list('b')}) as place, ${selected.text('b')} as key,
        ${converted.join(',\n        ')}
      from batch b
    ), classified as (${columns.map(classifiedOf).join(`
      union all`)}
    ), numbered as (
      select *, row_number() over (partition by number, class, form order by place) as nth from classified
    ), grouped as (
      select number, class, form, count(*) as rows,
        jsonb_agg(jsonb_build_object('key', key, 'value', value) order by place) filter (where nth <= ${SAMPLES})
          as samples
      from numbered
      group by number, class, form
    )
    select
      (select ${selected.texts('b')} from batch b order by ${selected.descending('b')} limit 1) as last_key,
      (select count(*)::int from batch) as rows,
      coalesce((
        select jsonb_agg(
          jsonb_build_object('number', number, 'valueClass', class, 'form', form, 'rows', rows, 'samples', samples)
        )
        from grouped
      ), '[]') as groups`,
    [...slice.values],
  );
  const [batch] = rows;
  return {
    lastKey: batch?.last_key ?? null,
    rows: batch?.rows ?? 0,
    groups: (batch?.groups ?? []).map(({ number, ...group }) => ({
      column: columns[number]!.column.oldColumn.name,
      ...group,
    })),
  };
}

/** A group as the statement returns it, with the place of its column. */
type StoredGroup = Omit<ColumnValues, 'column'> & { readonly number: number };

/** A query of the classes of one column's values. */
function classifiedOf({ column, conversion: { backward } }: Classified, number: number): string {
  const { type } = column.oldColumn;
  const [old, made] = [`old_${number}`, `new_${number}`];
  const isRebuilt =
    backward === undefined ? 'true' : `not (${areDifferent(type, rebuilt(type, backward(made)), old)})`;
  return `
      select ${number} as number, place, key, ${old}::text as value,
        case
          when ${old} is null then 'null'
          when ${made} is null then 'reject'
          when ${isRebuilt} then 'rebuildable'
          else 'kept'
        end as class,
        ${formOf(old)} as form
      from converted`;
}

/**
 * Classifies the value of a column in the only row of a slice as a reject, because the conversion raises an error for it.
 * @param error the error
 */
export async function readFailedRow(
  database: Queryable,
  change: ColumnChange,
  failed: Classified,
  slice: Slice,
  error: string,
): Promise<Batch> {
  const { selected } = changeNamesOf(change).key;
  const { rows } = await database.query<{ last_key: string[]; key: string; value: string; form: string }>(
    `
    with batch as materialized (${rowsOf(change, [failed], slice)}
    )
    select ${selected.texts('b')} as last_key, ${selected.text('b')} as key, b.old_0::text as value,
      ${formOf('b.old_0')} as form
    from batch b`,
    [...slice.values],
  );
  const [row] = rows;
  if (row === undefined) return { lastKey: null, rows: 0, groups: [] };
  const { key, value, form } = row;
  const column = failed.column.oldColumn.name;
  return {
    lastKey: row.last_key,
    rows: 1,
    groups: [{ column, valueClass: 'reject', form, rows: 1, samples: [{ key, value }], error }],
  };
}

function rowsOf(
  change: ColumnChange,
  columns: readonly Classified[],
  { table, condition, rows }: Slice,
): string {
  const { key } = changeNamesOf(change);
  const values = columns.map(({ column }, place) => `t.${namesOf(column).oldColumn} as old_${place}`);
  return `
      select ${key.select('t')}, ${values.join(', ')}
      from ${table} t
      where ${condition}
      order by ${key.list('t')}
      fetch first ${rows} rows with ties`;
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
function rebuilt(type: string, value: string): string {
  return isExact(type) ? value : `(${value})::${type}`;
}
