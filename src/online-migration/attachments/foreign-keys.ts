import { escapeIdentifier } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import { mirrorName, type TableColumn } from './table-column.ts';

/** A foreign key on a column, at either end. */
export interface ForeignKey {
  /** Its name in the catalog. */
  readonly name: string;
  /** Its table: schema and name, quoted. */
  readonly owner: string;
  /** Names of the columns, unquoted. */
  readonly columns: readonly string[];
  readonly target: string;
  readonly targetColumns: readonly string[];
  /** ` on delete cascade`, or an empty string. */
  readonly onDelete: string;
  /** Whether the column is among `columns`. */
  readonly isSource: boolean;
  /** Whether the column is among `targetColumns`. */
  readonly isTarget: boolean;
  readonly isValidated: boolean;
  /** Types of the matching columns at the other end. */
  readonly partnerTypes: readonly string[];
  readonly comment: string | null;
  /** The reason why another column cannot get it; null if it can. */
  readonly obstacle: string | null;
}

interface ForeignKeyRow {
  name: string;
  owner: string;
  columns: string[];
  target: string;
  target_columns: string[];
  is_source: boolean;
  is_target: boolean;
  validated: boolean;
  on_delete: keyof typeof ON_DELETE;
  partner_types: string[];
  comment: string | null;
  obstacle: string | null;
}

const ON_DELETE = {
  a: '',
  r: ' on delete restrict',
  c: ' on delete cascade',
  n: ' on delete set null',
  d: ' on delete set default',
} as const;

/** Reads the foreign keys on a column, including those of other tables that refer to it. */
export async function readForeignKeys(
  database: Queryable,
  { table, column }: TableColumn,
): Promise<ForeignKey[]> {
  const { rows } = await database.query<ForeignKeyRow>(
    `
    select con.conname as name, owner.name as owner, target.name as target,
      ${columnNames('con.conrelid', 'con.conkey')} as columns,
      ${columnNames('con.confrelid', 'con.confkey')} as target_columns,
      con.conrelid = a.attrelid and a.attnum = any (con.conkey) as is_source,
      con.confrelid = a.attrelid and a.attnum = any (con.confkey) as is_target,
      con.convalidated as validated, con.confdeltype as on_delete,
      obj_description(con.oid, 'pg_constraint') as comment,
      (
        select coalesce(array_agg(distinct format_type(p.atttypid, p.atttypmod)), '{}')
        from unnest(con.conkey, con.confkey) as pair (source, target)
        join pg_catalog.pg_attribute p
          on con.conrelid = a.attrelid and pair.source = a.attnum and p.attrelid = con.confrelid and p.attnum = pair.target
            and not (con.confrelid = a.attrelid and pair.target = a.attnum)
          or con.confrelid = a.attrelid and pair.target = a.attnum and p.attrelid = con.conrelid and p.attnum = pair.source
            and not (con.conrelid = a.attrelid and pair.source = a.attnum)
      ) as partner_types,
      case
        when con.condeferrable then 'it is deferrable'
        when con.confupdtype not in ('a', 'r') then 'it has an action on update'
        when con.confmatchtype <> 's' then 'it matches in full'
        when to_jsonb(con) ->> 'conperiod' = 'true' then 'it is over periods'
        when to_jsonb(con) ->> 'conenforced' = 'false' then 'it is not enforced'
        when to_jsonb(con) ->> 'confdelsetcols' is not null then 'its action on delete names columns'
        when owner.kind = 'p' or target.kind = 'p' then 'a partitioned table is at one of its ends'
      end as obstacle
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_constraint con on con.contype = 'f' and (
      con.conrelid = a.attrelid and a.attnum = any (con.conkey)
      or con.confrelid = a.attrelid and a.attnum = any (con.confkey)
    )
    join lateral (${tableName('con.conrelid')}) as owner on true
    join lateral (${tableName('con.confrelid')}) as target on true
    where a.attrelid = to_regclass($1) and a.attname = $2 and con.conparentid = 0
    order by con.conname, owner.name`,
    [table, column],
  );
  return rows.map((row) => ({
    name: row.name,
    owner: row.owner,
    columns: row.columns,
    target: row.target,
    targetColumns: row.target_columns,
    onDelete: ON_DELETE[row.on_delete],
    isSource: row.is_source,
    isTarget: row.is_target,
    isValidated: row.validated,
    partnerTypes: row.partner_types,
    comment: row.comment,
    obstacle: row.obstacle,
  }));
}

/** The tables at the other ends of foreign keys, without duplicates, in a stable order. */
export function otherEnds(foreignKeys: readonly ForeignKey[]): string[] {
  const tables = foreignKeys.flatMap(({ owner, target, isSource, isTarget }) => [
    ...(isSource ? [] : [owner]),
    ...(isTarget ? [] : [target]),
  ]);
  return [...new Set(tables)].toSorted();
}

/**
 * The statement that creates the same foreign key for another column. It applies to new writes and is not validated.
 */
export function mirrorForeignKeyStatement(foreignKey: ForeignKey, from: string, to: string): string {
  const { name, owner, columns, target, targetColumns, onDelete, isSource, isTarget } = foreignKey;
  const list = (names: readonly string[], isReplaced: boolean) =>
    names.map((column) => escapeIdentifier(isReplaced && column === from ? to : column)).join(', ');
  return (
    `alter table ${owner} add constraint ${escapeIdentifier(mirrorName(name))} ` +
    `foreign key (${list(columns, isSource)}) references ${target} (${list(targetColumns, isTarget)})${onDelete} not valid`
  );
}

function columnNames(table: string, numbers: string): string {
  return `(
        select array_agg(c.attname::text order by k.place)
        from unnest(${numbers}) with ordinality as k (number, place)
        join pg_catalog.pg_attribute c on c.attrelid = ${table} and c.attnum = k.number
      )`;
}

function tableName(oid: string): string {
  return `
      select format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.oid = ${oid}`;
}
