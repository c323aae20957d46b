import { escapeIdentifier } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import type { CarriedIndex } from './indexes.ts';
import { keyIndexName, mirrorName } from './table-column.ts';

/** The properties of an index that its copy gets in the end. */
export type IndexRoles = Pick<
  CarriedIndex,
  'isClustered' | 'isReplicaIdentity' | 'statistics' | 'comment' | 'constraintComment'
>;

/** The index of one table in the tree of a partitioned table. */
export interface IndexPartition extends IndexRoles {
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
  /** Its storage parameters, as in the catalog: `fillfactor=60`. */
  readonly parameters: readonly string[];
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
      c.relname as name, i.indisvalid as "isValid", s.spcname as tablespace,
      coalesce(c.reloptions, '{}') as parameters, obj_description(c.oid, 'pg_class') as comment,
      obj_description(con.oid, 'pg_constraint') as "constraintComment", i.indisclustered as "isClustered",
      i.indisreplident as "isReplicaIdentity", array(
        select jsonb_build_object('place', a.attnum, 'target', a.attstattarget)
        from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attstattarget >= 0
        order by a.attnum
      ) as statistics,
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
    left join pg_catalog.pg_constraint con on con.conindid = c.oid and con.contype in ('p', 'u')
    order by tree.level, 1`,
    [`${schema}.${escapeIdentifier(name)}`],
  );
  return rows;
}

/** The copy of an index partition: schema and name, quoted. */
export function mirrorOf({ schema, name }: Pick<IndexPartition, 'schema' | 'name'>): string {
  return `${schema}.${escapeIdentifier(mirrorName(name))}`;
}

/** The index that becomes the key of a partition: schema and name, quoted. */
export function keyIndexOf({ schema, name }: Pick<IndexPartition, 'schema' | 'name'>): string {
  return `${schema}.${escapeIdentifier(keyIndexName(name))}`;
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
 * attached the partitions, and the indexes that were to become the key of the partitions.
 * @param tree the partitions of the original
 */
export async function dropPartitionedMirror(
  database: Queryable,
  tree: readonly IndexPartition[],
): Promise<string[]> {
  const statements: string[] = [];
  for (const one of tree) {
    for (const index of [mirrorOf(one), keyIndexOf(one)]) {
      if (!(await isIndexOf(database, index, one.table))) continue;
      // The partitioned table's copy takes the attached ones along.
      statements.push(`drop index if exists ${index}`);
    }
  }
  return statements;
}

/** Whether a name is that of an index of the table. Another object of that name must not be dropped. */
async function isIndexOf(database: Queryable, index: string, table: string): Promise<boolean> {
  const { rows } = await database.query(
    `select from pg_catalog.pg_index where indexrelid = to_regclass($1) and indrelid = to_regclass($2)`,
    [index, table],
  );
  return rows.length > 0;
}
