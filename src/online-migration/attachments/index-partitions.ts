import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import { mirrorName } from './table-column.ts';

/** The index of one table in the tree of a partitioned table. */
export interface IndexPartition {
  /** The partition, or the partitioned table itself: schema and name, quoted. */
  readonly table: string;
  readonly isPartitioned: boolean;
  /** The index's schema, quoted. */
  readonly schema: string;
  /** The index's name in the catalog. */
  readonly name: string;
  /** The table whose index it is attached to; null at the top. */
  readonly parent: string | null;
  readonly isValid: boolean;
  /** Its tablespace; null for the database's default. */
  readonly tablespace: string | null;
  readonly comment: string | null;
}

/**
 * Reads the indexes in the tree of a partitioned index, parents before their children.
 * @param schema quoted
 * @param name of the index of the partitioned table
 * @returns none if the index does not exist
 */
export async function readIndexPartitions(
  database: Queryable,
  schema: string,
  name: string,
): Promise<IndexPartition[]> {
  const { rows } = await database.query<IndexPartition>(
    `
    select format('%I.%I', tn.nspname, t.relname) as table, c.relkind = 'I' as "isPartitioned", quote_ident(n.nspname) as schema,
      c.relname as name, i.indisvalid as "isValid", s.spcname as tablespace, obj_description(c.oid, 'pg_class') as comment,
      case when tree.level > 0 then format('%I.%I', pn.nspname, p.relname) end as parent
    from pg_partition_tree(to_regclass($1)) as tree
    join pg_catalog.pg_class c on c.oid = tree.relid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_index i on i.indexrelid = c.oid
    join pg_catalog.pg_class t on t.oid = i.indrelid
    join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
    left join pg_catalog.pg_index pi on pi.indexrelid = tree.parentrelid
    left join pg_catalog.pg_class p on p.oid = pi.indrelid
    left join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
    left join pg_catalog.pg_tablespace s on s.oid = c.reltablespace
    order by tree.level, 1`,
    [`${schema}.${escapeIdentifier(name)}`],
  );
  return rows;
}

/** The copy of an index partition: schema and name, quoted. */
export function mirrorOf({ schema, name }: Pick<IndexPartition, 'schema' | 'name'>): string {
  return `${schema}.${escapeIdentifier(mirrorName(name))}`;
}

/**
 * Reads whether an index exists, and whether queries can use it.
 * @param index schema and name, quoted
 */
export async function readIndexState(
  database: Queryable,
  index: string,
): Promise<'missing' | 'invalid' | 'valid'> {
  const { rows } = await database.query<{ valid: boolean }>(
    `select indisvalid as valid from pg_catalog.pg_index where indexrelid = to_regclass($1)`,
    [index],
  );
  if (rows[0] === undefined) return 'missing';
  return rows[0].valid ? 'valid' : 'invalid';
}

/**
 * The statements that drop the copy of an index of a partitioned table, also that of a run which was killed before it
 * attached the partitions.
 * @param tree the partitions of the original
 */
export async function dropPartitionedMirror(
  database: Queryable,
  tree: readonly IndexPartition[],
): Promise<string[]> {
  const statements: string[] = [];
  for (const one of tree) {
    if ((await readIndexState(database, mirrorOf(one))) === 'missing') continue;
    // The partitioned table's copy takes the attached ones along.
    statements.push(`drop index if exists ${mirrorOf(one)}`);
  }
  return statements;
}

/**
 * The statements that give the copies of partitions the names of the originals, which are dropped by then.
 * @param tree the partitions of the original, without the partitioned table
 * @param copies the partitions of the copy
 */
export function renamePartitions(
  tree: readonly IndexPartition[],
  copies: readonly IndexPartition[],
): string[] {
  return tree.flatMap(({ table, schema, name, comment }) => {
    const copy = copies.find((other) => other.table === table);
    if (copy === undefined) return [];
    const quoted = escapeIdentifier(name);
    return [
      `alter index ${schema}.${escapeIdentifier(copy.name)} rename to ${quoted}`,
      ...(comment === null ? [] : [`comment on index ${schema}.${quoted} is ${escapeLiteral(comment)}`]),
    ];
  });
}
