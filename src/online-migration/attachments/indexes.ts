import { escapeIdentifier } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import { mirrorName, type TableColumn } from './table-column.ts';

/** An index on a column. */
export interface CarriedIndex {
  /** Its name in the catalog, which is also the name of its constraint, if it has one. */
  readonly name: string;
  /** Its schema, quoted. */
  readonly schema: string;
  /** Whether queries can use it. An interrupted `create index concurrently` leaves an unusable one. */
  readonly isValid: boolean;
  /** The whole definition, as `pg_get_indexdef` returns it. */
  readonly definition: string;
  readonly constraint: 'primary key' | 'unique' | null;
  /** Its tablespace; null for the database's default. */
  readonly tablespace: string | null;
  readonly comment: string | null;
  /** The comment on its constraint. */
  readonly constraintComment: string | null;
  /** The reason why another column cannot get it; null if it can. */
  readonly obstacle: string | null;
}

interface IndexRow {
  name: string;
  schema: string;
  definition: string;
  constraint_type: 'p' | 'u' | 'x' | null;
  deferrable: boolean;
  over_periods: boolean;
  valid: boolean;
  replica_identity: boolean;
  clustered: boolean;
  partitioned: boolean;
  tablespace: string | null;
  comment: string | null;
  constraint_comment: string | null;
}

/** `create [unique] index name on table using method (columns)`, optionally with `nulls not distinct`. */
const PLAIN_DEFINITION = /^CREATE (UNIQUE )?INDEX .+ USING \w+ \(([^()]+)\)( NULLS NOT DISTINCT)?$/s;
const PLAIN_ITEM = /^("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)((?: DESC| ASC| NULLS FIRST| NULLS LAST)*)$/;

/** Reads the indexes on a column. */
export async function readIndexes(
  database: Queryable,
  { table, column }: TableColumn,
): Promise<CarriedIndex[]> {
  const { rows } = await database.query<IndexRow>(
    `
    select c.relname as name, quote_ident(n.nspname) as schema, pg_get_indexdef(i.indexrelid) as definition,
      con.contype as constraint_type, coalesce(con.condeferrable, false) as deferrable,
      coalesce((to_jsonb(con) ->> 'conperiod')::boolean, false) as over_periods,
      i.indisvalid as valid, i.indisreplident as replica_identity, i.indisclustered as clustered, t.relkind = 'p' as partitioned,
      s.spcname as tablespace, obj_description(c.oid, 'pg_class') as comment,
      obj_description(con.oid, 'pg_constraint') as constraint_comment
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_class t on t.oid = i.indrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attname = $2
    left join pg_catalog.pg_tablespace s on s.oid = c.reltablespace
    left join pg_catalog.pg_constraint con on con.conindid = i.indexrelid and con.contype in ('p', 'u', 'x')
    where i.indrelid = to_regclass($1) and (
      a.attnum = any (i.indkey::int2[])
      or exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
          and d.refclassid = 'pg_class'::regclass and d.refobjid = i.indrelid and d.refobjsubid = a.attnum
      )
    )
    order by c.relname`,
    [table, column],
  );
  return rows.map((row) => ({
    name: row.name,
    schema: row.schema,
    isValid: row.valid,
    definition: row.definition,
    constraint: row.constraint_type === 'p' ? 'primary key' : row.constraint_type === 'u' ? 'unique' : null,
    tablespace: row.tablespace,
    comment: row.comment,
    constraintComment: row.constraint_comment,
    obstacle: obstacleOf(row),
  }));
}

/**
 * The statement that creates the same index for another column, without blocking reads and writes.
 * @param from the column's name in the definition, unquoted
 * @param to the name of the other column
 */
export function mirrorStatement(index: CarriedIndex, from: string, to: string): string {
  const [, unique = '', list = '', nulls = ''] = PLAIN_DEFINITION.exec(index.definition) ?? [];
  const method = / USING (\w+) \(/.exec(index.definition)?.[1] ?? 'btree';
  const table = tableOf(index.definition);
  const items = list.split(', ').map((item) => {
    const [, name = '', order = ''] = PLAIN_ITEM.exec(item) ?? [];
    return (isColumn(name, from) ? escapeIdentifier(to) : name) + order;
  });
  return (
    `create ${unique.toLowerCase()}index concurrently ${escapeIdentifier(mirrorName(index.name))} on ${table} ` +
    `using ${method} (${items.join(', ')})${nulls.toLowerCase()}` +
    (index.tablespace === null ? '' : ` tablespace ${escapeIdentifier(index.tablespace)}`)
  );
}

function obstacleOf(row: IndexRow): string | null {
  if (row.constraint_type === 'x') return 'it is an exclusion constraint';
  if (row.over_periods) return 'its constraint is without overlaps';
  if (row.deferrable) return 'its constraint is deferrable';
  if (row.replica_identity) return 'it is the replica identity of the table';
  if (row.clustered) return 'the table is clustered by it';
  if (row.partitioned)
    return row.constraint_type === null
      ? 'the table is partitioned'
      : 'its constraint is of a partitioned table';
  const list = PLAIN_DEFINITION.exec(row.definition)?.[2];
  if (list === undefined || !list.split(', ').every((item) => PLAIN_ITEM.test(item))) {
    return 'it has more than plain columns: an expression, a condition, an operator class, a collation or a parameter';
  }
  return null;
}

function tableOf(definition: string): string {
  return / ON (?:ONLY )?(.+?) USING \w+ \(/s.exec(definition)?.[1] ?? '';
}

function isColumn(written: string, column: string): boolean {
  return written === column || written === escapeIdentifier(column);
}
