import { escapeIdentifier } from 'pg';
import type { LockedPlan } from '../postgres/exclusive-lock.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { copyComment } from './copy-comment.ts';
import { mirrorName, type TableColumns } from './table-column.ts';

/** A foreign key on a changed column, at either end. */
export interface ForeignKey {
  /** Its name in the catalog. */
  readonly name: string;
  /** Its table: schema and name, quoted. */
  readonly owner: string;
  /** Names of the columns, unquoted. */
  readonly columns: readonly string[];
  readonly target: string;
  readonly targetColumns: readonly string[];
  /** ` match full on update cascade on delete restrict`, or an empty string. */
  readonly options: string;
  /** The columns of `on delete set null (…)`, unquoted; empty for all. */
  readonly columnsToSet: readonly string[];
  readonly isEnforced: boolean;
  readonly isDeferrable: boolean;
  /** Whether a transaction defers it without `set constraints`. */
  readonly isDeferred: boolean;
  /** Whether one of the columns that were asked for is among `columns`. */
  readonly isSource: boolean;
  /** The same for `targetColumns`. */
  readonly isTarget: boolean;
  readonly isValidated: boolean;
  /** The matching columns at the other end that the change does not change: their types, by the name of the changed one. */
  readonly partners: readonly Partner[];
  /** The definition as it is compared with that of a copy. */
  readonly text: string;
  readonly comment: string | null;
  /** The reason why another column cannot get it; null if it can. */
  readonly obstacle: string | null;
}

/** A column at the other end of a foreign key. */
interface Partner {
  /** The changed column that it matches, unquoted. */
  readonly of: string;
  readonly type: string;
}

interface ForeignKeyRow {
  name: string;
  owner: string;
  columns: string[];
  target: string;
  target_columns: string[];
  is_of_table: boolean;
  refers_to_table: boolean;
  validated: boolean;
  is_enforced: boolean;
  match_type: string;
  on_update: keyof typeof ACTIONS;
  on_delete: keyof typeof ACTIONS;
  deferrable: boolean;
  deferred: boolean;
  columns_to_set: string[];
  partners: Partner[];
  comment: string | null;
  obstacle: string | null;
}

const ACTIONS = {
  a: '',
  r: 'restrict',
  c: 'cascade',
  n: 'set null',
  d: 'set default',
} as const;

/** The foreign keys of a table, at either end of them. */
export interface TableForeignKeys {
  /** The foreign keys on some columns of the table, including those of other tables that refer to them. */
  readonly on: (columns: readonly string[]) => ForeignKey[];
}

/** Reads the foreign keys on columns of a table. */
export async function readForeignKeys(
  database: Queryable,
  { table, columns }: TableColumns,
): Promise<TableForeignKeys> {
  const { rows } = await database.query<ForeignKeyRow>(
    `
    with changed as (
      select to_regclass($1)::oid as relation, array(
        select a.attnum from pg_catalog.pg_attribute a where a.attrelid = to_regclass($1) and a.attname = any ($2)
      ) as numbers
    )
    select con.conname as name, owner.name as owner, target.name as target,
      ${columnNames('con.conrelid', 'con.conkey')} as columns,
      ${columnNames('con.confrelid', 'con.confkey')} as target_columns,
      con.conrelid = changed.relation as is_of_table, con.confrelid = changed.relation as refers_to_table,
      con.convalidated as validated, con.confdeltype as on_delete,
      con.confupdtype as on_update, con.confmatchtype as match_type, con.condeferrable as deferrable,
      con.condeferred as deferred, coalesce((to_jsonb(con) ->> 'conenforced')::boolean, true) as is_enforced,
      array(
        select c.attname::text
        from jsonb_array_elements_text(coalesce(nullif(to_jsonb(con) -> 'confdelsetcols', 'null'), '[]'))
          with ordinality as k (number, place)
        join pg_catalog.pg_attribute c on c.attrelid = con.conrelid and c.attnum = k.number::int2
        order by k.place
      ) as columns_to_set,
      obj_description(con.oid, 'pg_constraint') as comment,
      (
        select coalesce(
          jsonb_agg(distinct jsonb_build_object('of', own.attname, 'type', format_type(p.atttypid, p.atttypmod))), '[]'
        )
        from unnest(con.conkey, con.confkey) as pair (source, target)
        cross join lateral (
          values
            (con.conrelid, pair.source, con.confrelid, pair.target),
            (con.confrelid, pair.target, con.conrelid, pair.source)
        ) as ends (relation, number, other_relation, other_number)
        join pg_catalog.pg_attribute own on own.attrelid = ends.relation and own.attnum = ends.number
        join pg_catalog.pg_attribute p on p.attrelid = ends.other_relation and p.attnum = ends.other_number
        where ends.relation = changed.relation and ends.number = any (changed.numbers)
          and not (ends.other_relation = changed.relation and ends.other_number = any (changed.numbers))
      ) as partners,
      case
        when to_jsonb(con) ->> 'conperiod' = 'true' then 'it is over periods'
        when owner.kind = 'p' or target.kind = 'p' then 'a partitioned table is at one of its ends'
      end as obstacle
    from changed
    join pg_catalog.pg_constraint con on con.contype = 'f' and (
      con.conrelid = changed.relation and con.conkey && changed.numbers
      or con.confrelid = changed.relation and con.confkey && changed.numbers
    )
    join lateral (${tableName('con.conrelid')}) as owner on true
    join lateral (${tableName('con.confrelid')}) as target on true
    where con.conparentid = 0
    order by con.conname, owner.name`,
    [table, columns],
  );
  return { on: (some) => rows.map((row) => foreignKeyOn(row, some)).filter(isOnThem) };
}

function isOnThem({ isSource, isTarget }: ForeignKey): boolean {
  return isSource || isTarget;
}

function foreignKeyOn(row: ForeignKeyRow, columns: readonly string[]): ForeignKey {
  return {
    name: row.name,
    owner: row.owner,
    columns: row.columns,
    target: row.target,
    targetColumns: row.target_columns,
    options: optionsOf(row),
    columnsToSet: row.columns_to_set,
    isEnforced: row.is_enforced,
    isDeferrable: row.deferrable,
    isDeferred: row.deferred,
    isSource: row.is_of_table && row.columns.some((name) => columns.includes(name)),
    isTarget: row.refers_to_table && row.target_columns.some((name) => columns.includes(name)),
    isValidated: row.validated,
    partners: row.partners.filter(({ of }) => columns.includes(of)),
    text: JSON.stringify([
      row.columns,
      row.target,
      row.target_columns,
      optionsOf(row),
      row.columns_to_set,
      row.is_enforced,
      row.deferrable,
    ]),
    comment: row.comment,
    obstacle: row.obstacle,
  };
}

/** The tables at the other ends of foreign keys, for the plan of their locks, without duplicates and in a stable order. */
export function otherEnds(
  foreignKeys: readonly ForeignKey[],
): Required<Pick<LockedPlan, 'furtherTables' | 'referencedTables'>> {
  const referring = foreignKeys.filter(({ isSource }) => !isSource).map(({ owner }) => owner);
  const referenced = foreignKeys.filter(({ isTarget }) => !isTarget).map(({ target }) => target);
  return {
    furtherTables: [...new Set(referring)].toSorted(),
    referencedTables: [...new Set(referenced)].filter((name) => !referring.includes(name)).toSorted(),
  };
}

/**
 * The statements that create the same foreign key for other columns. It applies to new writes and is not validated. A
 * deferrable one is deferred while both exist: `set constraints` with the name of the original would not defer the copy.
 * @param otherNames the names of the other columns by those of the changed ones, unquoted
 */
export function mirrorForeignKeyStatements(
  foreignKey: ForeignKey,
  otherNames: ReadonlyMap<string, string>,
): string[] {
  const { name, owner, columns, target, targetColumns, options, columnsToSet, isSource, isTarget } =
    foreignKey;
  const list = (names: readonly string[], isReplaced: boolean) =>
    names
      .map((column) => escapeIdentifier((isReplaced ? otherNames.get(column) : undefined) ?? column))
      .join(', ');
  const mirror = escapeIdentifier(mirrorName(name));
  return [
    `alter table ${owner} add constraint ${mirror} foreign key (${list(columns, isSource)}) references ${target} (${list(targetColumns, isTarget)})` +
      options.replace('%columns', () => `(${list(columnsToSet, isSource)})`) +
      (foreignKey.isDeferrable ? ' deferrable initially deferred' : '') +
      (foreignKey.isEnforced ? ' not valid' : ' not enforced'),
    `comment on constraint ${mirror} on ${owner} is ${copyComment(foreignKey)}`,
  ];
}

/** The clauses behind the columns, in PostgreSQL's order. `%columns` is the place of the columns to set. */
function optionsOf(row: ForeignKeyRow): string {
  const [onUpdate, onDelete] = [ACTIONS[row.on_update], ACTIONS[row.on_delete]];
  return [
    row.match_type === 'f' ? ' match full' : '',
    onUpdate === '' ? '' : ` on update ${onUpdate}`,
    onDelete === '' ? '' : ` on delete ${onDelete}`,
    row.columns_to_set.length === 0 ? '' : ' %columns',
  ].join('');
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
