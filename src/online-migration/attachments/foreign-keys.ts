import type { LockedPlan } from '../postgres/exclusive-lock.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { TableColumns } from './table-column.ts';

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
  /** Whether its own table is partitioned. */
  readonly isPartitioned: boolean;
  /** The constraints that it has in partitions at either end, parents before their children. */
  readonly parts: readonly ForeignKeyPart[];
  /** The definition as it is compared with that of a copy. */
  readonly text: string;
  readonly comment: string | null;
  /** The definition as PostgreSQL writes it. */
  readonly definition: string;
  /** The reason why another column cannot get it; null if it can. */
  readonly obstacle: string | null;
}

/** A column at the other end of a foreign key. */
interface Partner {
  /** The changed column that it matches, unquoted. */
  readonly of: string;
  readonly type: string;
}

/** The constraint of a foreign key from one partition, or to one. */
export interface ForeignKeyPart {
  /** Schema and name, quoted. */
  readonly table: string;
  /** Schema and name, quoted. */
  readonly target: string;
  /** Its name in the catalog. */
  readonly name: string;
  /** Whether its table stores rows. */
  readonly isLeaf: boolean;
  readonly comment: string | null;
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
  partitioned: boolean;
  parts: ForeignKeyPart[];
  comment: string | null;
  definition: string;
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

/** SQL of the constraints that the foreign key `con` has in partitions. */
const PARTS = `
        with recursive part as (
          select p.oid, p.conname, p.conrelid, p.confrelid, 1 as level
          from pg_catalog.pg_constraint p where p.conparentid = con.oid and p.contype = 'f'
          union all
          select p.oid, p.conname, p.conrelid, p.confrelid, part.level + 1
          from part join pg_catalog.pg_constraint p on p.conparentid = part.oid
        )
        select coalesce(jsonb_agg(jsonb_build_object(
          'table', format('%I.%I', tn.nspname, t.relname), 'target', format('%I.%I', fn.nspname, f.relname), 'name', part.conname,
          'isLeaf', t.relkind <> 'p', 'comment', obj_description(part.oid, 'pg_constraint')
        ) order by part.level, part.conname), '[]')
        from part
        join pg_catalog.pg_class t on t.oid = part.conrelid
        join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
        join pg_catalog.pg_class f on f.oid = part.confrelid
        join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace`;

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
      owner.kind = 'p' as partitioned, (${PARTS}) as parts, pg_get_constraintdef(con.oid) as definition,
      case
        when to_jsonb(con) ->> 'conperiod' = 'true' then 'it is over periods'
        when owner.kind = 'p' and target.kind = 'p' then 'both its tables are partitioned'
        when target.kind = 'p' and con.confrelid = changed.relation then 'it refers to a partitioned table'
        when owner.kind = 'p' and con.conrelid = changed.relation and 'd' in (con.confdeltype, con.confupdtype)
          then 'it sets a default in a partitioned table'
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
    isPartitioned: row.partitioned,
    parts: row.parts,
    comment: row.comment,
    definition: row.definition,
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
