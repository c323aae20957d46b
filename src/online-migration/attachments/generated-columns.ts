import { escapeIdentifier } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import type { TableColumns } from './table-column.ts';

/** A generated column of the table whose expression uses a changed column. */
export interface GeneratedColumn {
  /** Its name in the catalog, unquoted. */
  readonly name: string;
  /** Its type, as in the catalog: `numeric(12,2)`. */
  readonly type: string;
  /** Its expression, as in the catalog: `(size * 2)`. */
  readonly expression: string;
  /** Whether its values are stored in the rows. Otherwise it is virtual: each query computes them. */
  readonly isStored: boolean;
  /** Triggers of the table that list it: `after update of doubled`. */
  readonly listedBy: readonly string[];
  /** Partitions that generate it from another expression: schema and name, quoted. */
  readonly differsIn: readonly string[];
}

/** Reads the generated columns whose expressions use one of the columns. */
export async function readGeneratedColumns(
  database: Queryable,
  { table, columns }: TableColumns,
): Promise<GeneratedColumn[]> {
  const { rows } = await database.query<GeneratedColumn>(
    `
    select g.attname as name, format_type(g.atttypid, g.atttypmod) as type, pg_get_expr(x.adbin, x.adrelid) as expression,
      g.attgenerated = 's' as "isStored",
      array(
        select t.tgname::text from pg_catalog.pg_trigger t
        where t.tgrelid = g.attrelid and not t.tgisinternal and g.attnum = any (t.tgattr::int2[])
        order by 1
      ) as "listedBy",
      array(
        select p.relid::regclass::text
        from pg_partition_tree(g.attrelid) p
        join pg_catalog.pg_attribute own on own.attrelid = p.relid and own.attname = g.attname
        join pg_catalog.pg_attrdef other on other.adrelid = own.attrelid and other.adnum = own.attnum
        where p.level > 0 and pg_get_expr(other.adbin, other.adrelid) <> pg_get_expr(x.adbin, x.adrelid)
        order by 1
      ) as "differsIn"
    from pg_catalog.pg_attribute g
    join pg_catalog.pg_attrdef x on x.adrelid = g.attrelid and x.adnum = g.attnum
    where g.attrelid = to_regclass($1) and g.attgenerated <> '' and exists (
      select from pg_catalog.pg_depend d
      join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      where d.refclassid = 'pg_class'::regclass and d.refobjid = g.attrelid and a.attname = any ($2) and a.attnum <> g.attnum
        -- Up to PostgreSQL 14, the column depends, and not its expression.
        and (d.classid, d.objid, d.objsubid) in (
          ('pg_attrdef'::regclass, x.oid, 0), ('pg_class'::regclass, g.attrelid, g.attnum::int4)
        )
    )
    order by g.attnum`,
    [table, columns],
  );
  return rows;
}

/**
 * The statement that lets a virtual column use another expression. It changes the catalog alone.
 * @param table quoted
 */
export function expressionStatement(table: string, name: string, expression: string): string {
  return `alter table ${table} alter column ${escapeIdentifier(name)} set expression as (${expression})`;
}

/** Whether the column can use another column while it stays as it is, if the expression fits. */
export function isCarried({ isStored, listedBy, differsIn }: GeneratedColumn): boolean {
  return !isStored && listedBy.length === 0 && differsIn.length === 0;
}
