import type { ColumnChange, Queryable } from './column-change.ts';
import { namesOf } from './names.ts';
import { areDifferent, isExact } from './value-difference.ts';

const BATCH_ROWS = 20_000;
const SAMPLES = 3;

/**
 * What the change will do to a value.
 * - `rebuildable`: it converts, and the way back gives the same text again.
 * - `kept`: it converts; the way back needs the text itself, which contract keeps.
 * - `null`: there is no value, and there will be none.
 * - `reject`: it does not convert; enforce is refused while it is there.
 */
export type ValueClass = 'rebuildable' | 'kept' | 'null' | 'reject';

/** Values of one class that look alike. */
export interface ValueGroup {
  readonly valueClass: ValueClass;
  /** What they look like: every digit as 9, every letter as a; so dates of one form are one group. */
  readonly form: string;
  rows: number;
  /** The first of them by key, three at most. */
  readonly samples: { key: string; value: string | null }[];
}

/**
 * Classifies all values of the old column before anything is changed. It reads in batches by key, so that no snapshot
 * lives long, and writes nothing; it needs no object of the toolkit.
 * @param report receives the number of rows read so far
 * @returns the groups, the class with the most work first, the largest first within a class
 */
export async function classifyValues(
  database: Queryable,
  change: ColumnChange,
  report: (rowsRead: number) => void,
): Promise<ValueGroup[]> {
  const groups = new Map<string, ValueGroup>();
  let rowsRead = 0;
  let lastKey: string[] | null = null;
  do {
    const batch: Batch = await classifyBatch(database, change, lastKey);
    for (const group of batch.groups) rowsRead += group.rows;
    for (const group of batch.groups) merge(groups, group);
    lastKey = batch.last_key;
    report(rowsRead);
  } while (lastKey !== null);
  const order: ValueClass[] = ['reject', 'kept', 'null', 'rebuildable'];
  return [...groups.values()].toSorted(
    (a, b) => order.indexOf(a.valueClass) - order.indexOf(b.valueClass) || b.rows - a.rows,
  );
}

interface Batch {
  last_key: string[] | null;
  groups: ValueGroup[];
}

function merge(groups: Map<string, ValueGroup>, group: ValueGroup): void {
  const id = `${group.valueClass} ${group.form}`;
  const known = groups.get(id);
  if (known === undefined) {
    groups.set(id, group);
    return;
  }
  known.rows += group.rows;
  known.samples.push(...group.samples.slice(0, SAMPLES - known.samples.length));
}

async function classifyBatch(
  database: Queryable,
  change: ColumnChange,
  afterKey: string[] | null,
): Promise<Batch> {
  const { table, key, oldColumn } = namesOf(change);
  const { selected } = key;
  const { type } = change.oldColumn;
  const { backward } = change.conversion;
  const forward = change.conversion.forwardInBulk ?? change.conversion.forward;
  const { rows } = await database.query<Batch>(
    `
    with batch as materialized (
      select ${key.select('t')}, t.${oldColumn} as old_value
      from ${table} t
      ${afterKey === null ? '' : `where ${key.compare('t', '>', 1)}`}
      ${key.lasts ? `order by ${key.list('t')} limit ${BATCH_ROWS}` : ''}
    ), converted as materialized (
      select row_number() over (order by ${selected.list('b')}) as place, ${selected.text('b')} as key, b.old_value,
        ${forward('b.old_value')} as new_value
      from batch b
    ), classified as (
      select place, key, old_value::text as value,
        case
          when old_value is null then 'null'
          when new_value is null then 'reject'
          when ${backward === 'not reversible' ? 'true' : `not (${areDifferent(type, rebuilt(type, backward), 'old_value')})`} then 'rebuildable'
          else 'kept'
        end as class,
        regexp_replace(
          translate(coalesce(old_value::text, ''), '012345678', '999999999'), '[[:alpha:]]', 'a', 'g'
        ) as form
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
      ${key.lasts ? `(select ${selected.texts('b')} from batch b order by ${selected.descending('b')} limit 1)` : 'null::text[]'} as last_key,
      coalesce((
        select jsonb_agg(
          jsonb_build_object('valueClass', class, 'form', form, 'rows', rows, 'samples', samples)
        )
        from grouped
      ), '[]') as groups`,
    afterKey ?? [],
  );
  return rows[0] ?? { last_key: null, groups: [] };
}

/** What the way back gives, of the old type. One that `=` compares is left as it comes: a cast would cut off what is too long. */
function rebuilt(type: string, backward: (value: string) => string): string {
  return isExact(type) ? backward('new_value') : `(${backward('new_value')})::${type}`;
}
