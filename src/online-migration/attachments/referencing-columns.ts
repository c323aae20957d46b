import type { Queryable } from '../postgres/queryable.ts';
import type { TableColumn } from './table-column.ts';

/** A column that refers to another one, directly or through further columns. */
export interface ReferencingColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** With its modifier, as `format_type` writes it. */
  readonly type: string;
  /** Schema, table and column as SQL writes them, without a schema on the search_path. */
  readonly name: string;
  /** The same for the columns to which it refers. */
  readonly targets: readonly string[];
  /** Whether it refers to the column itself, and not through another column. */
  readonly isDirect: boolean;
}

interface ReferencingRow extends Omit<ReferencingColumn, 'isDirect' | 'targets'> {
  id: string;
  edges: { id: string; name: string }[];
}

/**
 * Reads the columns that refer to a column by foreign keys, and in turn the columns that refer to these. The column of a
 * partition stands for the column of its partitioned table, because only the whole table can be changed.
 *
 * @returns each column once, after all columns that refer to it. In a circle of references, one of them comes first.
 */
export async function readReferencingColumns(
  database: Queryable,
  { table, column }: TableColumn,
): Promise<ReferencingColumn[]> {
  const { rows } = await database.query<ReferencingRow>(
    `
    with recursive edge as (
      select distinct
        coalesce(pg_partition_root(con.conrelid)::oid, con.conrelid) as source, s.attname as source_column,
        coalesce(pg_partition_root(con.confrelid)::oid, con.confrelid) as target, t.attname as target_column
      from pg_catalog.pg_constraint con
      cross join unnest(con.conkey, con.confkey) as pair (source, target)
      join pg_catalog.pg_attribute s on s.attrelid = con.conrelid and s.attnum = pair.source
      join pg_catalog.pg_attribute t on t.attrelid = con.confrelid and t.attnum = pair.target
      where con.contype = 'f' and con.conparentid = 0
    ), reached as (
      select coalesce(pg_partition_root(to_regclass($1))::oid, to_regclass($1)::oid) as relation, $2::name as column_name
      union
      select e.source, e.source_column
      from reached r join edge e on e.target = r.relation and e.target_column = r.column_name
    )
    select r.relation || ' ' || r.column_name as id, n.nspname as schema, c.relname as "table", r.column_name as column,
      format_type(a.atttypid, a.atttypmod) as type, format('%s.%I', r.relation::regclass, r.column_name) as name,
      coalesce(jsonb_agg(
        jsonb_build_object(
          'id', e.target || ' ' || e.target_column, 'name', format('%s.%I', e.target::regclass, e.target_column)
        ) order by e.target::regclass::text collate "C", e.target_column collate "C"
      ) filter (where e.target is not null), '[]') as edges
    from reached r
    join pg_catalog.pg_class c on c.oid = r.relation
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = r.relation and a.attname = r.column_name
    left join edge e on e.source = r.relation and e.source_column = r.column_name
      and exists (select from reached t where t.relation = e.target and t.column_name = e.target_column)
    group by r.relation, r.column_name, n.nspname, c.relname, a.atttypid, a.atttypmod
    order by format('%s.%I', r.relation::regclass, r.column_name) collate "C"`,
    [table, column],
  );
  const { rows: roots } = await database.query<{ id: string }>(
    `select coalesce(pg_partition_root(to_regclass($1))::oid, to_regclass($1)::oid) || ' ' || $2 as id`,
    [table, column],
  );
  const root = roots[0]?.id;
  return inOrder(rows, root)
    .filter(({ id }) => id !== root)
    .map((row) => ({
      schema: row.schema,
      table: row.table,
      column: row.column,
      type: row.type,
      name: row.name,
      targets: row.edges.map((edge) => edge.name),
      isDirect: row.edges.some(({ id }) => id === root),
    }));
}

/** Each column after those that refer to it. */
function inOrder(columns: readonly ReferencingRow[], root: string | undefined): ReferencingRow[] {
  const ordered = new Set<ReferencingRow>();
  const visited = new Set<string>();
  const visit = (id: string) => {
    if (visited.has(id)) return;
    visited.add(id);
    for (const other of columns) if (other.edges.some((edge) => edge.id === id)) visit(other.id);
    const own = columns.find((one) => one.id === id);
    if (own !== undefined) ordered.add(own);
  };
  if (root !== undefined) visit(root);
  return [...ordered];
}

/** Types of whole numbers, each with its greatest number. */
const GREATEST: Readonly<Record<string, string>> = {
  smallint: '32767',
  integer: '2147483647',
  bigint: '9223372036854775807',
};

/** The greatest number of a type, as a text; null for a type that does not hold whole numbers. */
export function greatestOf(type: string): string | null {
  return GREATEST[type] ?? null;
}

/**
 * Whether a type holds some, but not all values of another type, and both are compared with each other: whole numbers, and
 * texts of limited length.
 * @param type in the catalog's spelling, as `other`
 */
export function isNarrower(type: string, other: string): boolean {
  const [one, two] = [GREATEST[type], GREATEST[other]];
  if (one !== undefined && two !== undefined) return BigInt(one) < BigInt(two);
  const [length, otherLength] = [lengthOf(type), lengthOf(other)];
  return length !== null && otherLength !== null && length < otherLength;
}

/** The length of a text type; null for another type. */
function lengthOf(type: string): number | null {
  if (type === 'text' || type === 'character varying') return Infinity;
  const [, length] = /^character varying\((\d+)\)$/.exec(type) ?? [];
  return length === undefined ? null : Number(length);
}
