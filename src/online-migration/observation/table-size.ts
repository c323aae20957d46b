import { LEAF_OIDS } from '../postgres/partition-tree.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { changeNamesOf } from '../change/names.ts';

/** The size of a table, all leaves together. */
export interface TableSize {
  readonly heapBytes: number;
  readonly indexBytes: number;
  /** Rows, as the catalog estimates them since the last ANALYZE; 0 if there was none. */
  readonly estimatedRows: number;
}

/**
 * Measures a table. Unlike the other queries of this folder, it needs a lock on the table, the weakest one.
 * @returns null if a session holds or requests ACCESS EXCLUSIVE on the table or one of its indexes, because this
 *   query would wait in the queue
 */
export async function readTableSize(database: Queryable, change: ColumnChange): Promise<TableSize | null> {
  const { table } = changeNamesOf(change);
  return (await isLockedOut(database, table)) ? null : await measure(database, table);
}

/** Reads only the catalog, because `pg_partition_tree` takes a lock. */
async function isLockedOut(database: Queryable, table: string): Promise<boolean> {
  const { rows } = await database.query<{ locked: boolean }>(
    `
    with recursive member as (
      select to_regclass($1)::oid as oid
      union all
      select i.inhrelid from pg_catalog.pg_inherits i join member on member.oid = i.inhparent
    )
    select exists (
      select from pg_catalog.pg_locks l
      where l.relation in (
          select oid from member
          union all
          select i.indexrelid from pg_catalog.pg_index i join member on member.oid = i.indrelid
        )
        and l.mode = 'AccessExclusiveLock'
        and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
    ) as locked`,
    [table],
  );
  return rows[0]?.locked ?? false;
}

async function measure(database: Queryable, table: string): Promise<TableSize> {
  const { rows } = await database.query<Record<'heap' | 'indexes' | 'rows', string>>(
    `
    with leaf as (${LEAF_OIDS})
    select coalesce(sum(pg_relation_size(oid)), 0)::text as heap,
      coalesce(sum(pg_indexes_size(oid)), 0)::text as indexes,
      coalesce(sum(greatest(reltuples, 0)), 0)::bigint::text as rows
    from leaf join pg_catalog.pg_class using (oid)`,
    [table],
  );
  const [row] = rows;
  return {
    heapBytes: Number(row?.heap),
    indexBytes: Number(row?.indexes),
    estimatedRows: Number(row?.rows),
  };
}
