import { escapeIdentifier } from 'pg';
import type { ChangedColumn } from '../change/changed-column.ts';
import { planOf } from '../postgres/exclusive-lock.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { namesOf, newColumnIndexName } from '../change/names.ts';
import { readIndexState } from '../attachments/index-partitions.ts';
import { inExclusiveTransaction, type PhaseContext, refusingTakenNames } from './phase.ts';

/** A table, or a partition at any depth, that gets the index. */
interface IndexedTable {
  /** Schema and name, quoted. */
  readonly name: string;
  /** The index's schema and name, quoted. */
  readonly index: string;
  /** The index's name alone, quoted. */
  readonly indexName: string;
  /** The index of this table's parent; null for the table itself. */
  readonly parentIndex: string | null;
  readonly isPartitioned: boolean;
  /** `missing`, or the state of the index in the catalog. */
  readonly state: 'missing' | 'invalid' | 'valid';
}

/**
 * Creates the indexes of the new columns that the declaration asks for. An interrupted run continues.
 *
 * 1. For a partitioned table, ONE transaction under ACCESS EXCLUSIVE: create the index on the parent only; catalog
 *    only.
 * 2. For every table that stores rows: `create index concurrently`, under SHARE UPDATE EXCLUSIVE, without blocking
 *    reads and writes. It waits for older transactions. An unfinished index of an earlier run is dropped first.
 * 3. For a partitioned table, ONE transaction under ACCESS EXCLUSIVE: attach the partitions' indexes; catalog only.
 *
 * It runs after the backfill. With the index, no update of the backfill could be heap-only.
 */
export async function createNewColumnIndexes(context: PhaseContext): Promise<void> {
  for (const column of context.columns) if (column.index) await createIndexOf(context, column);
}

async function createIndexOf(context: PhaseContext, change: ChangedColumn): Promise<void> {
  const { session, emit, signal } = context;
  const { change: changeName, newColumn } = namesOf(change);
  const tables = await findIndexedTables(session, change);
  const missing = tables.filter(({ isPartitioned, state }) => isPartitioned && state === 'missing');
  if (missing.length > 0) {
    await inExclusiveTransaction(context, 'backfill: create the index of the partitioned table', {
      plan: async () =>
        planOf(
          ...missing.map(({ name, indexName }) => `create index ${indexName} on only ${name} (${newColumn})`),
        ),
    });
  }
  for (const { name, index, indexName, isPartitioned, state } of tables) {
    if (isPartitioned || state === 'valid') continue;
    signal.throwIfAborted();
    emit({
      type: 'index-build-started',
      change: changeName,
      index,
      message: `backfill: creates the index ${index}, beside reads and writes`,
    });
    if (state === 'invalid') await session.runUnlimited(`drop index concurrently ${index}`);
    await refusingTakenNames(context, 'backfill', () =>
      session.runUnlimited(`create index concurrently ${indexName} on ${name} (${newColumn})`),
    );
  }
  if (tables.every(({ isPartitioned, state }) => !isPartitioned || state === 'valid')) return;
  await inExclusiveTransaction(context, 'backfill: attach the indexes of the partitions', {
    // An index that an earlier run has attached stays attached.
    plan: async () =>
      planOf(
        ...tables.flatMap(({ index, parentIndex }) =>
          parentIndex === null ? [] : [`alter index ${parentIndex} attach partition ${index}`],
        ),
      ),
  });
}

/** The table and its partitions, parents before their children. */
async function findIndexedTables(database: Queryable, change: ChangedColumn): Promise<IndexedTable[]> {
  const { rows } = await database.query<{
    schema: string;
    name: string;
    parent_schema: string | null;
    parent_name: string | null;
    is_partitioned: boolean;
  }>(
    `
    with tree as (
      select relid::oid as oid, parentrelid::oid as parent, level from pg_partition_tree(to_regclass($1))
      union
      select oid, null, 0 from pg_catalog.pg_class where oid = to_regclass($1) and relkind <> 'p'
    )
    select n.nspname as schema, c.relname as name, pn.nspname as parent_schema, p.relname as parent_name,
      c.relkind = 'p' as is_partitioned
    from tree
    join pg_catalog.pg_class c on c.oid = tree.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_class p on p.oid = tree.parent and tree.level > 0
    left join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
    order by tree.level, c.relname`,
    [namesOf(change).table],
  );
  const tables: IndexedTable[] = [];
  for (const row of rows) {
    const index = indexOf(change, row.schema, row.name);
    const parentIndex =
      row.parent_schema === null || row.parent_name === null
        ? null
        : indexOf(change, row.parent_schema, row.parent_name).qualified;
    tables.push({
      name: `${escapeIdentifier(row.schema)}.${escapeIdentifier(row.name)}`,
      index: index.qualified,
      indexName: index.name,
      parentIndex,
      isPartitioned: row.is_partitioned,
      state: await readIndexState(database, index.qualified),
    });
  }
  return tables;
}

/** An index is in its table's schema, so its name must differ for each table. */
function indexOf(change: ChangedColumn, schema: string, table: string): { name: string; qualified: string } {
  const name = escapeIdentifier(newColumnIndexName(change, table));
  return { name, qualified: `${escapeIdentifier(schema)}.${name}` };
}
