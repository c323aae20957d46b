/** SQL of the oids of a table and of all its partitions; `$1` is the table: schema and name, quoted. */
export const TREE_OIDS = `
      select to_regclass($1)::oid as oid
      union
      select relid::oid from pg_partition_tree(to_regclass($1))`;

/** SQL of the oids of the tables' row types, and of the arrays of these types. */
export const ROW_TYPE_OIDS = `
      select unnest(array[t.oid, t.typarray]) as oid
      from pg_catalog.pg_class c
      join pg_catalog.pg_type t on t.oid = c.reltype
      where c.oid in (${TREE_OIDS})`;
