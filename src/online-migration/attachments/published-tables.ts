import { escapeIdentifier } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { TREE_OIDS } from '../postgres/partition-tree.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Side } from '../sync/filled-column.ts';
import { columnsAt } from './table-column.ts';

/** A table of a publication that lists it, with its column list and its row filter there. */
export interface PublishedTable {
  /** Identifies it: `publication sizes on public.part`. */
  readonly name: string;
  /** The publication, quoted. */
  readonly publication: string;
  /** The table or its partition: schema and name, quoted. */
  readonly table: string;
  /** The columns of the list, unquoted; null for all. */
  readonly columns: readonly string[] | null;
  /** The condition, as in the catalog; null for none. */
  readonly filter: string | null;
  /** The columns that the condition uses, unquoted. */
  readonly filterColumns: readonly string[];
}

/** A row filter that uses a changed column. */
export interface CarriedFilter extends PublishedTable {
  readonly filter: string;
}

/** Reads the table and its partitions in publications that list them. Up to PostgreSQL 14, phases alter none. */
export async function readPublishedTables(database: Queryable, table: string): Promise<PublishedTable[]> {
  if (!(await hasListsAndFilters(database))) return [];
  const { rows } = await database.query<PublishedTable>(
    `
    select format('publication %I on %I.%I', p.pubname, n.nspname, c.relname) as name, quote_ident(p.pubname) as publication,
      format('%I.%I', n.nspname, c.relname) as table,
      (
        select array_agg(a.attname::text order by a.attnum)
        from pg_catalog.pg_attribute a
        where a.attrelid = r.prrelid and a.attnum = any (r.prattrs::int2[])
      ) as columns,
      pg_get_expr(r.prqual, r.prrelid) as filter,
      array(
        -- The dependencies do not tell the filter's columns from those of the list.
        select a.attname::text from pg_catalog.pg_attribute a
        where a.attrelid = r.prrelid and r.prqual::text like format('%%:varattno %s %%', a.attnum)
      ) as "filterColumns"
    from pg_catalog.pg_publication_rel r
    join pg_catalog.pg_publication p on p.oid = r.prpubid
    join pg_catalog.pg_class c on c.oid = r.prrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where r.prrelid in (${TREE_OIDS})
    order by 1`,
    [table],
  );
  return rows;
}

/** Reads the row filters that use the columns of one side. */
export async function readFilters(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<CarriedFilter[]> {
  const { table, columns } = columnsAt(change, side);
  return (await readPublishedTables(database, table)).filter((one): one is CarriedFilter =>
    one.filterColumns.some((column) => columns.includes(column)),
  );
}

/** Reads the entries of publications that a change alters, because they name a column of one side. */
export async function readTablesToAlter(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<PublishedTable[]> {
  const { table, columns } = columnsAt(change, side);
  return (await readPublishedTables(database, table)).filter(({ columns: listed, filterColumns }) =>
    columns.some((column) => listed?.includes(column) || filterColumns.includes(column)),
  );
}

/** `row filter of the publication sizes on public.part` */
export function describeFilter({ publication, table }: CarriedFilter): string {
  return `row filter of the publication ${publication} on ${table}`;
}

/** The statement that takes the table out of the publication. */
export function withdrawStatement({ publication, table }: PublishedTable): string {
  return `alter publication ${publication} drop table only ${table}`;
}

/** The statement that puts the table into the publication. */
export function publishStatement({ publication, table, columns, filter }: PublishedTable): string {
  const list = columns === null ? '' : ` (${columns.map((column) => escapeIdentifier(column)).join(', ')})`;
  const condition = filter === null ? '' : ` where (${filter})`;
  return `alter publication ${publication} add table only ${table}${list}${condition}`;
}

/** Up to PostgreSQL 14, a publication has neither. */
async function hasListsAndFilters(database: Queryable): Promise<boolean> {
  const { rows } = await database.query<{ exists: boolean }>(`
    select exists (
      select from pg_catalog.pg_attribute
      where attrelid = 'pg_catalog.pg_publication_rel'::regclass and attname = 'prqual'
    ) as exists`);
  return rows[0]!.exists;
}
