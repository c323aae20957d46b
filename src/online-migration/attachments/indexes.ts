import { escapeIdentifier } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import type { TableColumns } from './table-column.ts';

/** A key column of an index. */
interface IndexColumn {
  /** Its name, unquoted. */
  readonly name: string;
  /** ` desc nulls last`, or an empty string. */
  readonly order: string;
}

/** The definition of an index from the access method on, and its condition, as at the end of the definition. */
export interface IndexDefinition {
  readonly definition: string;
  /** Null for none. */
  readonly condition: string | null;
}

/** An index on a changed column. */
export interface CarriedIndex extends IndexDefinition {
  /** The changed columns that it uses, unquoted. */
  readonly uses: readonly string[];
  /** Its name in the catalog, which is also the name of its constraint, if it has one. */
  readonly name: string;
  /** Its schema, quoted. */
  readonly schema: string;
  /** Its table: schema and name, quoted. */
  readonly table: string;
  /** Its access method, such as `btree`, unquoted. */
  readonly method: string;
  /** Its key columns; without a column that is an expression. */
  readonly columns: readonly IndexColumn[];
  /**
   * Whether the key columns and the properties below are all that it has. Any other index has an expression, a
   * condition, an included column, an operator class, a collation or a parameter, and `definition` has them.
   */
  readonly isPlain: boolean;
  readonly isUnique: boolean;
  /** Whether its table is partitioned, so that each partition has an index of its own. */
  readonly isPartitioned: boolean;
  /** Whether one null is like another in a unique index. */
  readonly nullsNotDistinct: boolean;
  /** Whether queries can use it. An interrupted `create index concurrently` leaves an unusable one. */
  readonly isValid: boolean;
  readonly constraint: 'primary key' | 'unique' | null;
  /** Whether `cluster` without an index orders the table by it. */
  readonly isClustered: boolean;
  /** Whether logical decoding identifies rows by it: `replica identity using index`. */
  readonly isReplicaIdentity: boolean;
  /** The statistics targets of its expressions, by their places; none for the default. */
  readonly statistics: readonly { readonly place: number; readonly target: number }[];
  /** Its tablespace; null for the database's default. */
  readonly tablespace: string | null;
  /** The definition as it is compared with that of a copy. */
  readonly text: string;
  readonly comment: string | null;
  /** The comment on its constraint. */
  readonly constraintComment: string | null;
  /** The reason why another column cannot get it; null if it can. */
  readonly obstacle: string | null;
}

interface IndexRow {
  uses: string[];
  name: string;
  schema: string;
  table_name: string;
  method: string;
  columns: IndexColumn[];
  definition: string;
  condition: string | null;
  is_unique: boolean;
  nulls_not_distinct: boolean;
  is_plain: boolean;
  constraint_type: 'p' | 'u' | 'x' | null;
  deferrable: boolean;
  over_periods: boolean;
  valid: boolean;
  replica_identity: boolean;
  clustered: boolean;
  statistics: { place: number; target: number }[];
  partitioned: boolean;
  tablespace: string | null;
  comment: string | null;
  constraint_comment: string | null;
}

/**
 * SQL of the key columns of the index `i`. `is_plain` is whether the column has the default operator class, without
 * options, and the collation of the table's column. Bits of an option: 1 descending, 2 nulls first; by default,
 * descending columns have nulls first.
 */
const KEY_COLUMNS = `
      select k.place, k.attname::text as name,
        case k.option & 3 when 0 then '' when 1 then ' desc nulls last' when 2 then ' nulls first' when 3 then ' desc' end as "order",
        class.opcdefault and k.collation in (0, k.attcollation) and item.attoptions is null as is_plain
      from (
        select number.place, key.attname, key.attcollation,
          i.indoption[number.place - 1] as option, i.indclass[number.place - 1] as class, i.indcollation[number.place - 1] as collation
        from generate_series(1, i.indnkeyatts) as number (place)
        join pg_catalog.pg_attribute key on key.attrelid = i.indrelid and key.attnum = i.indkey[number.place - 1]
      ) as k
      join pg_catalog.pg_opclass class on class.oid = k.class
      join pg_catalog.pg_attribute item on item.attrelid = i.indexrelid and item.attnum = k.place`;

/**
 * SQL of an index's definition, from the access method on: `USING btree (lower(name)) WHERE (size > 9)`. PostgreSQL 14 writes
 * the schema of a temporary table as `pg_temp_3`, later versions as `pg_temp`.
 * @param index alias of a row of `pg_index`
 */
export function indexDefinition(index: string): string {
  return `(
        select substr(d.rest, length(d.table_name) + 2)
        from (
          select written.table_name, substr(pg_get_indexdef(${index}.indexrelid), 1 + length(
              format('CREATE %sINDEX %I ON ', case when ${index}.indisunique then 'UNIQUE ' end, c.relname)
                || case when c.relkind = 'I' then 'ONLY ' else '' end
            )) as rest
          from pg_catalog.pg_class c
          join pg_catalog.pg_class t on t.oid = ${index}.indrelid
          join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
          cross join lateral (
            values (format('%I.%I', tn.nspname, t.relname)), (format('pg_temp.%I', t.relname)), (quote_ident(t.relname))
          ) as written (table_name)
          where c.oid = ${index}.indexrelid
        ) as d
        where starts_with(d.rest, d.table_name || ' ')
        limit 1
      )`;
}

/** Reads the indexes on columns. */
export async function readIndexes(
  database: Queryable,
  { table, columns }: TableColumns,
): Promise<CarriedIndex[]> {
  const { rows } = await database.query<IndexRow>(
    `
    select used.columns as uses, c.relname as name, quote_ident(n.nspname) as schema, format('%I.%I', tn.nspname, t.relname) as table_name,
      m.amname as method, key.columns, i.indisunique as is_unique,
      coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) as nulls_not_distinct,
      ${indexDefinition('i')} as definition, pg_get_expr(i.indpred, i.indrelid) as condition,
      key.is_plain and i.indexprs is null and i.indpred is null and i.indnatts = i.indnkeyatts and c.reloptions is null as is_plain,
      con.contype as constraint_type, coalesce(con.condeferrable, false) as deferrable,
      coalesce((to_jsonb(con) ->> 'conperiod')::boolean, false) as over_periods,
      i.indisvalid as valid, i.indisreplident as replica_identity, i.indisclustered as clustered, array(
        select jsonb_build_object('place', s.attnum, 'target', s.attstattarget)
        from pg_catalog.pg_attribute s
        where s.attrelid = i.indexrelid and s.attstattarget >= 0
        order by s.attnum
      ) as statistics, t.relkind = 'p' as partitioned,
      s.spcname as tablespace, obj_description(c.oid, 'pg_class') as comment,
      obj_description(con.oid, 'pg_constraint') as constraint_comment
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_class t on t.oid = i.indrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
    join pg_catalog.pg_am m on m.oid = c.relam
    cross join lateral (
      select array_agg(a.attname::text order by a.attnum) as columns
      from pg_catalog.pg_attribute a
      where a.attrelid = i.indrelid and a.attname = any ($2) and (
        a.attnum = any (i.indkey::int2[])
        or exists (
          select from pg_catalog.pg_depend d
          where d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
            and d.refclassid = 'pg_class'::regclass and d.refobjid = i.indrelid and d.refobjsubid = a.attnum
        )
      )
    ) as used
    cross join lateral (
      select coalesce(jsonb_agg(jsonb_build_object('name', name, 'order', "order") order by place), '[]') as columns,
        coalesce(bool_and(is_plain), false) as is_plain
      from (${KEY_COLUMNS}
      ) as key_column
    ) as key
    left join pg_catalog.pg_tablespace s on s.oid = c.reltablespace
    left join pg_catalog.pg_constraint con on con.conindid = i.indexrelid and con.contype in ('p', 'u', 'x')
    where i.indrelid = to_regclass($1) and used.columns is not null
    order by c.relname`,
    [table, columns],
  );
  return rows.map((row) => ({
    uses: row.uses,
    name: row.name,
    schema: row.schema,
    table: row.table_name,
    method: row.method,
    columns: row.columns,
    isPlain: row.is_plain,
    definition: row.definition,
    condition: row.condition,
    isUnique: row.is_unique,
    isPartitioned: row.partitioned,
    nullsNotDistinct: row.nulls_not_distinct,
    isValid: row.valid,
    constraint: row.constraint_type === 'p' ? 'primary key' : row.constraint_type === 'u' ? 'unique' : null,
    isClustered: row.clustered,
    isReplicaIdentity: row.replica_identity,
    statistics: row.statistics,
    tablespace: row.tablespace,
    text: (row.is_unique ? 'unique ' : '') + row.definition,
    comment: row.comment,
    constraintComment: row.constraint_comment,
    obstacle: obstacleOf(row),
  }));
}

/** An index to create: its name, its table and further properties. */
type IndexPlace = Pick<CarriedIndex, 'name' | 'table' | 'isUnique' | 'tablespace'>;

/**
 * The statement that creates an index.
 * @param definition from the access method on
 * @param how without blocking reads and writes, or for a partitioned table alone
 */
export function createIndex(
  { name, table, isUnique, tablespace }: IndexPlace,
  { definition, condition }: IndexDefinition,
  how: 'concurrently' | 'on only',
): string {
  const where = condition === null ? '' : ` WHERE ${condition}`;
  const using = definition.slice(0, definition.length - where.length);
  const words = how === 'concurrently' ? 'concurrently ' : '';
  return (
    `create ${isUnique ? 'unique ' : ''}index ${words}${escapeIdentifier(name)} on ${how === 'on only' ? 'only ' : ''}${table} ` +
    `${using}${tablespace === null ? '' : ` tablespace ${escapeIdentifier(tablespace)}`}${where}`
  );
}

/**
 * The definition of a plain index for other columns.
 * @param otherNames the names of the other columns by those in the index, unquoted
 */
export function plainDefinition(
  index: CarriedIndex,
  otherNames: ReadonlyMap<string, string>,
): IndexDefinition {
  const items = index.columns.map(
    ({ name, order }) => escapeIdentifier(otherNames.get(name) ?? name) + order,
  );
  const nulls = index.nullsNotDistinct ? ' nulls not distinct' : '';
  return {
    definition: `using ${escapeIdentifier(index.method)} (${items.join(', ')})${nulls}`,
    condition: null,
  };
}

function obstacleOf(row: IndexRow): string | null {
  if (row.constraint_type === 'x') return 'it is an exclusion constraint';
  if (row.over_periods) return 'its constraint is without overlaps';
  if (row.deferrable) return 'its constraint is deferrable';
  if (row.partitioned && !row.valid) return 'it is not valid, as a partition lacks it';
  return null;
}
