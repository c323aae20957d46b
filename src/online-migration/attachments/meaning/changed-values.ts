import { type ChangedColumn, changedColumnsOf } from '../../change/changed-column.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { changeNamesOf } from '../../change/names.ts';
import { isTransient } from '../../postgres/database-error.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { rolledBack } from '../../postgres/rolled-back.ts';
import type { Side } from '../../sync/filled-column.ts';
import { escapeIdentifier } from 'pg';

/*
 * Most conversions keep the value and change only its type: 7 stays 7, and 'new' stays 'new'. Some change it: a price of 7
 * becomes 700 cents. PostgreSQL then accepts a definition such as `price <= 1000` for the new type too, with another meaning.
 */

/** A column whose conversion changes values. */
export interface ChangedValues {
  /** Its name on the side of the definitions, unquoted. */
  readonly column: string;
  /** A value that changes, and the other column's value for it, as texts. */
  readonly example: readonly [value: string, converted: string];
  /** SQL that converts a value. */
  readonly convert: (value: string) => string;
  readonly type: string;
  readonly otherType: string;
  /** Whether a greater number stays the greater one. */
  readonly keepsOrder: boolean;
}

/** Values to try, by the category of their type in the catalog. */
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  N: ['1', '10', '0', '-1', '-10'],
  B: ['true', 'false'],
  S: ['a', '0', '1', 'abcd', 'A b'],
  A: ['{1,10}', '{a}'],
};
/** Values of the table that are tried, the rows among which they are looked for, and the size from which they are left out. */
const TRIED_VALUES = 10;
const TRIED_ROWS = 100;
const LARGE_VALUE_BYTES = 500;

/**
 * Finds the columns whose conversion changes values. A conversion keeps a value if a cast between the types gives the same. For
 * dates and times, the declared zone says how values are meant, so their conversions count as keeping them.
 *
 * @param database one connection, not a pool; it reads a few rows of the table
 * @param from the side whose values are converted
 */
export async function readChangedValues(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<ChangedValues[]> {
  const found: ChangedValues[] = [];
  await rolledBack(database, async () => {
    for (const column of changedColumnsOf(change)) {
      const changed = await changedValuesOf(database, column, from);
      if (changed !== null) found.push(changed);
    }
  });
  return found;
}

async function changedValuesOf(
  database: Queryable,
  column: ChangedColumn,
  from: Side,
): Promise<ChangedValues | null> {
  const { oldColumn, newColumn, conversion } = column;
  const [leaving, staying] = from === 'old' ? [oldColumn, newColumn] : [newColumn, oldColumn];
  const convert = from === 'old' ? conversion?.forward : conversion?.backward;
  if (convert === undefined || convert === 'not reversible') return null;
  const { rows } = await database.query<{ category: string; other: string; labels: string[] }>(
    `
    select t.typcategory as category, other.typcategory as other,
      array(select enumlabel::text from pg_catalog.pg_enum where enumtypid = t.oid) as labels
    from pg_catalog.pg_type t, pg_catalog.pg_type other
    where t.oid = $1::text::regtype and other.oid = $2::text::regtype`,
    [leaving.type, staying.type],
  );
  const { category, other, labels } = rows[0]!;
  if (category === 'D' || other === 'D') return null;
  const types = { type: leaving.type, otherType: staying.type, convert };
  const samples = [...(SAMPLES[category] ?? []), ...labels];
  // A number of the table can be rounded by a cast.
  const values =
    category === 'N' ? samples : [...samples, ...(await valuesOf(database, column, leaving.name))];
  const example = await changedExample(database, types, values);
  if (example === null) return null;
  const keepsOrder = category === 'N' && other === 'N' && (await isInOrder(database, types, SAMPLES['N']!));
  return { column: leaving.name, example, keepsOrder, ...types };
}

/** Some values of the table's first rows, as texts; none if the role may not read it. */
async function valuesOf(database: Queryable, change: ColumnChange, column: string): Promise<string[]> {
  const name = escapeIdentifier(column);
  try {
    return await rolledBack(database, async () => {
      const { rows } = await database.query<{ value: string }>(
        `
        select distinct value::text as value
        from (select ${name} as value from ${changeNamesOf(change).table} limit ${TRIED_ROWS}) as first_rows
        where pg_column_size(value) < ${LARGE_VALUE_BYTES}
        limit ${TRIED_VALUES}`,
      );
      return rows.map(({ value }) => value);
    });
  } catch (error) {
    if (isTransient(error)) throw error;
    return [];
  }
}

type Types = Pick<ChangedValues, 'type' | 'otherType' | 'convert'>;

/** The first value that is converted to another one than a cast gives; null if all are kept. */
async function changedExample(
  database: Queryable,
  types: Types,
  samples: readonly string[],
): Promise<readonly [string, string] | null> {
  const together = await comparedValues(database, types, samples);
  const compared = together ?? [];
  // If one of them raises an error, each is tried by itself.
  if (together === null) {
    for (const sample of samples) {
      compared.push(...((await comparedValues(database, types, [sample])) ?? []));
    }
  }
  const changed = compared.find(({ isKept }) => !isKept);
  return changed === undefined ? null : [changed.value, changed.converted];
}

interface Compared extends Record<string, unknown> {
  readonly value: string;
  readonly converted: string;
  readonly isKept: boolean;
}

/** Values and their conversions, without rejects, which have no value to compare; null if the conversion raises an error. */
async function comparedValues(
  database: Queryable,
  { type, otherType, convert }: Types,
  values: readonly string[],
): Promise<Compared[] | null> {
  const converted = convert('typed.value');
  const compared = (isKept: string) => `
    select sample.text as value, (${converted})::text as converted, ${isKept} as "isKept"
    from unnest($1::text[]) as sample (text)
    cross join lateral (select sample.text::${type} as value) as typed
    where (${converted}) is not null`;
  const found = await rowsOrFault<Compared>(database, compared('false'), values);
  if (found === null || found.length === 0) return found;
  for (const cast of ['typed.value', 'typed.value::text']) {
    const rows = await rowsOrFault<Compared>(
      database,
      compared(`(${converted})::${otherType}::text is not distinct from (${cast})::${otherType}::text`),
      found.map(({ value }) => value),
    );
    if (rows !== null) return rows;
  }
  // No cast gives a value for one of them.
  return values.length === 1 ? found : null;
}

/** Whether a greater sample is converted to a greater value. Rejects do not count. */
async function isInOrder(
  database: Queryable,
  { type, convert }: Types,
  samples: readonly string[],
): Promise<boolean> {
  const rows = await rowsOrFault<{ is_in_order: boolean | null }>(
    database,
    `
    select bool_and(before < converted) as is_in_order
    from (
      select converted, lag(converted) over (order by sample.text::numeric) as before
      from unnest($1::text[]) as sample (text)
      cross join lateral (select sample.text::${type} as value) as typed
      cross join lateral (select (${convert('typed.value')}) as converted) as result
      where converted is not null
    ) as neighbours
    where before is not null`,
    samples,
  );
  return rows?.[0]?.is_in_order ?? false;
}

/** Whether a constant is converted to the value that it stands for in the other type. */
export async function keepsConstant(
  database: Queryable,
  changed: ChangedValues,
  constant: string,
): Promise<boolean> {
  const rows = await rowsOrFault<{ value: string | null }>(
    database,
    `select (${constant})::${changed.type}::text as value where $1::text[] is not null`,
    [],
  );
  const value = rows?.[0]?.value;
  if (value === undefined) return false;
  // A comparison with null is never true.
  if (value === null) return true;
  return (await comparedValues(database, changed, [value]))?.[0]?.isKept ?? false;
}

/** The rows of a query; null if PostgreSQL cannot convert a value as it says. */
async function rowsOrFault<Row extends Record<string, unknown>>(
  database: Queryable,
  query: string,
  values: readonly string[],
): Promise<Row[] | null> {
  try {
    return await rolledBack(database, async () => (await database.query<Row>(query, [values])).rows);
  } catch (error) {
    if (isTransient(error)) throw error;
    return null;
  }
}
