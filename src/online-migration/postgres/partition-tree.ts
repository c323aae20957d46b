import type { Queryable } from './queryable.ts';

/** Enough to estimate the density, and quick to read. */
const SAMPLED_BLOCKS = 1_000;

/**
 * SQL of the oids of a table, of its partitions and of the tables that inherit from it; `$1` is the table: schema and name,
 * quoted.
 */
export const TREE_OIDS = `
      select oid from (
        with recursive tree as (
          select to_regclass($1)::oid as oid
          union
          select i.inhrelid from pg_catalog.pg_inherits i join tree on tree.oid = i.inhparent
        )
        select oid from tree
      ) as tree`;

/** SQL of the oids of the tables' row types, and of the arrays of these types. */
export const ROW_TYPE_OIDS = `
      select unnest(array[t.oid, t.typarray]) as oid
      from pg_catalog.pg_class c
      join pg_catalog.pg_type t on t.oid = c.reltype
      where c.oid in (${TREE_OIDS})`;

/** SQL of the oids of a table's leaves; `$1` is the table: schema and name, quoted. */
export const LEAF_OIDS = `
  select relid as oid from pg_partition_tree(to_regclass($1)) where isleaf
  union
  select oid from pg_catalog.pg_class where oid = to_regclass($1) and relkind <> 'p'`;

/** A table that stores rows: a plain table, or one partition of a partitioned table. */
export interface Leaf {
  /** Schema and name, quoted. */
  readonly name: string;
  /** Current number of heap blocks. */
  readonly blocks: number;
  /** Number of rows as the catalog estimates it, or from a sample if the table was never analyzed. */
  readonly rows: number;
}

/**
 * Lists the leaves of a table, with their sizes.
 * @param table schema and name, quoted
 */
export async function findLeaves(database: Queryable, table: string): Promise<Leaf[]> {
  const { rows } = await database.query<{ name: string; blocks: string; estimate: number }>(
    `
    with leaf as (${LEAF_OIDS})
    select format('%I.%I', n.nspname, c.relname) as name,
      pg_relation_size(c.oid) / current_setting('block_size')::bigint as blocks,
      c.reltuples::float8 as estimate
    from leaf
    join pg_catalog.pg_class c using (oid)
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    order by name`,
    [table],
  );
  const leaves: Leaf[] = [];
  for (const { name, blocks, estimate } of rows) {
    const isKnown = estimate > 0 || Number(blocks) === 0;
    leaves.push({
      name,
      blocks: Number(blocks),
      rows: isKnown ? Math.max(estimate, 0) : await estimateRows(database, name, Number(blocks)),
    });
  }
  return leaves;
}

/**
 * Returns the bytes of a leaf for each block of its heap, including TOAST.
 * @param leaf schema and name, quoted
 */
export async function readBytesPerBlock(database: Queryable, leaf: string): Promise<number> {
  const { rows } = await database.query<{ bytes: number }>(
    `
    select current_setting('block_size')::float8 * (1 + coalesce(
        pg_relation_size(nullif(reltoastrelid, 0))::float8 / nullif(pg_relation_size(oid), 0), 0)) as bytes
    from pg_catalog.pg_class
    where oid = to_regclass($1)`,
    [leaf],
  );
  return rows[0]?.bytes ?? 0;
}

/** Estimates the rows of a leaf that was never analyzed from its first blocks. */
async function estimateRows(database: Queryable, leaf: string, blocks: number): Promise<number> {
  const { rows } = await database.query<{ count: string }>(
    `select count(*) as count from ${leaf} where ctid < '(${SAMPLED_BLOCKS},0)'::tid`,
  );
  return Math.round((Number(rows[0]?.count) * blocks) / Math.min(blocks, SAMPLED_BLOCKS));
}
