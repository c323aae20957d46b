import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Side } from '../sync/filled-column.ts';
import { readAttachmentsAndCopies } from './attachments.ts';
import { withCopies } from './copies.ts';
import type { CarriedIndex } from './indexes.ts';
import { mirrorName } from './table-column.ts';

/** A primary key or unique constraint of a partitioned table, and its copy: a unique index on the other columns. */
export interface PartitionedKey {
  readonly key: CarriedIndex;
  readonly copy: CarriedIndex;
}

/** Reads the keys of one side that the next handover takes to the other side. None if the table is not partitioned. */
export async function readPartitionedKeys(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<PartitionedKey[]> {
  const { own, mirrors } = await readAttachmentsAndCopies(database, change, from);
  return withCopies(own, mirrors).indexes.flatMap((key) => {
    const copy = mirrors.indexes.find(({ name }) => name === mirrorName(key.name));
    return key.isPartitioned && key.constraint !== null && copy !== undefined ? [{ key, copy }] : [];
  });
}

/**
 * Reads the definition of a key as `add constraint` takes it behind `primary key` or `unique`: its columns, the included
 * ones and the storage parameters.
 * @param index with the same columns: schema and name, quoted
 * @returns null if the index does not exist
 */
export async function readKeyDefinition(database: Queryable, index: string): Promise<string | null> {
  const { rows } = await database.query<{ definition: string }>(
    `
    select case when (to_jsonb(i) ->> 'indnullsnotdistinct')::boolean then 'nulls not distinct ' else '' end
      || '(' || key.columns || ')' || coalesce(' include (' || key.included || ')', '')
      || coalesce(' with (' || nullif(array_to_string(c.reloptions, ', '), '') || ')', '') as definition
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    cross join lateral (
      select string_agg(quote_ident(a.attname), ', ' order by k.place) filter (where k.place <= i.indnkeyatts) as columns,
        string_agg(quote_ident(a.attname), ', ' order by k.place) filter (where k.place > i.indnkeyatts) as included
      from unnest(i.indkey::int2[]) with ordinality as k (number, place)
      join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
    ) as key
    where i.indexrelid = to_regclass($1)`,
    [index],
  );
  return rows[0]?.definition ?? null;
}
