import { type ChangedColumn, changedColumnsOf, isRename, keyColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { typeValues } from '../change/declared-type.ts';
import { changeNamesOf } from '../change/names.ts';
import { type Obstacle, obstacle } from '../change/obstacle.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { packageTableExists } from './package-table.ts';

/** The facts under which a column's change was begun, with the present names of a table and of columns that were renamed. */
interface RecordedDeclaration {
  /** The place of the column in the declaration, from 1 on. */
  readonly position: number;
  /** Schema and name, unquoted. */
  readonly table: string;
  readonly is_of_table: boolean;
  readonly old_column: string;
  readonly new_column: string;
  readonly old_type: string;
  readonly new_type: string;
  /** Whether the type of the record is the declared one. */
  readonly is_old_type: boolean;
  readonly is_new_type: boolean;
  /** Whether the table has both columns. Their own types are compared with the declared ones then. */
  readonly has_both: boolean;
  /** Null if none is recorded, or if a column was dropped. */
  readonly key: readonly string[] | null;
  /** Whether the table has the declared key columns; a phase refuses others by itself. */
  readonly has_declared_key: boolean;
}

/**
 * Finds properties of a change under way that its declaration no longer has, an obstacle each. The stage would be read
 * from another column, or kept values would not be found.
 */
export async function editedDeclarationObstacles(
  database: Queryable,
  change: ColumnChange,
): Promise<Obstacle[]> {
  const recorded = await readRecordedDeclaration(database, change);
  if (recorded.length === 0) return [];
  const columns = changedColumnsOf(change);
  if (recorded.length !== columns.length) {
    const names = columns.map(({ oldColumn }) => oldColumn.name);
    return [edited(change, 'columns', listed(recorded.map((column) => column.old_column)), listed(names))];
  }
  return recorded.flatMap((column, place) => editsOf(columns[place]!, column));
}

function editsOf(change: ChangedColumn, recorded: RecordedDeclaration): Obstacle[] {
  const { table, oldColumn, newColumn } = change;
  const key = keyColumnsOf(change);
  const path = change.columns.length === 1 ? '' : `columns[${recorded.position - 1}].`;
  // The properties that all columns share are named once.
  const isFirst = recorded.position === 1;
  const edits: [isEdited: boolean, property: string, recorded: string, declared: string][] = [
    [isFirst && !recorded.is_of_table, 'table', recorded.table, `${table.schema}.${table.name}`],
    [recorded.old_column !== oldColumn.name, `${path}from.name`, recorded.old_column, oldColumn.name],
    [recorded.new_column !== newColumn.name, `${path}to.name`, recorded.new_column, newColumn.name],
    [
      (recorded.old_type === recorded.new_type) !== isRename(change),
      `${path}conversion`,
      recorded.old_type === recorded.new_type ? 'none' : 'one',
      isRename(change) ? 'none' : 'one',
    ],
    [!recorded.has_both && !recorded.is_old_type, `${path}from.type`, recorded.old_type, oldColumn.type],
    [!recorded.has_both && !recorded.is_new_type, `${path}to.type`, recorded.new_type, newColumn.type],
    // Nothing can have been recorded under an empty key.
    [
      isFirst &&
        recorded.has_declared_key &&
        recorded.key !== null &&
        recorded.key.length > 0 &&
        !isSame(recorded.key, key),
      'key',
      listed(recorded.key ?? []),
      listed(key),
    ],
  ];
  return edits
    .filter(([isEdited]) => isEdited)
    .map(([, property, before, declared]) => edited(change, property, before, declared));
}

function edited(change: ColumnChange, property: string, recorded: string, declared: string): Obstacle {
  const { change: name } = changeNamesOf(change);
  const withName =
    property === 'table' && change.name === undefined ? `, and declare \`name: '${name}'\`` : '';
  return obstacle(
    'DECLARATION_EDITED',
    `The change ${name} is under way with the \`${property}\` ${recorded}, and the declaration says ${declared}: set it back to ` +
      `${recorded}${withName}. To change it, revert expand first. A separate change needs a \`name\` of its own.`,
    { name, property, recorded, declared },
  );
}

/**
 * Reads the record of each column of a change under way; none if its table was dropped. A key column that was
 * renamed is found by its number, unless a backup was restored in the meantime.
 */
async function readRecordedDeclaration(
  database: Queryable,
  change: ColumnChange,
): Promise<RecordedDeclaration[]> {
  const { rows: tables } = await database.query<{ found: boolean }>(
    `select ${packageTableExists('change_column')} as found`,
  );
  if (!tables[0]!.found) return [];
  const { change: name, table } = changeNamesOf(change);
  const columns = changedColumnsOf(change);
  const oldTypes = columns.map(({ oldColumn }) => typeValues(oldColumn.type));
  const newTypes = columns.map(({ newColumn }) => typeValues(newColumn.type));
  const { rows } = await database.query<RecordedDeclaration>(
    `
    with record as (
      -- In JSON, a column that an earlier step does not have is null.
      select p.position, p.old_column, p.new_column, p.old_type, p.new_type, to_jsonb(c) as change,
        array_agg(p.old_column) over () as old_columns,
        coalesce(same.oid, named.oid) as table_oid, same.oid is not null as is_same_table
      from online_migration.change c
      join online_migration.change_column p on p.change = c.name
      left join pg_catalog.pg_class same on same.oid = (to_jsonb(c) ->> 'table_oid')::oid
      left join pg_catalog.pg_namespace n on n.nspname = c.table_schema
      left join pg_catalog.pg_class named on named.relnamespace = n.oid and named.relname = c.table_name
      where c.name = $1
    ), fact as (
      select r.*, old.attname is not null and new.attname is not null as has_both,
        new.attname is not null or r.is_same_table
          or old.atttypid = to_regtype(${baseType('r.new_type')}) as is_under_way
      from record r
      left join pg_catalog.pg_attribute old
        on old.attrelid = r.table_oid and old.attname = r.old_column and not old.attisdropped
      left join pg_catalog.pg_attribute new
        on new.attrelid = r.table_oid and new.attname = r.new_column and not new.attisdropped
    )
    select f.position, n.nspname || '.' || t.relname as "table", t.oid = to_regclass($2) is true as is_of_table,
      f.old_column, f.new_column, f.old_type, f.new_type, f.has_both,
      ${isSameType('f.old_type', 'd.old_type', 'd.old_modifier')} as is_old_type,
      ${isSameType('f.new_type', 'd.new_type', 'd.new_modifier')} as is_new_type,
      (
        select case when bool_and(k.name is not null) then array_agg(k.name order by k.place) end
        from (${presentKey('f')}) as k
      ) as key,
      not exists (
        select from unnest($7::text[]) as k (name)
        where k.name <> all (f.old_columns) and not exists (
          select from pg_catalog.pg_attribute a where a.attrelid = t.oid and a.attname = k.name and not a.attisdropped
        )
      ) as has_declared_key
    from fact f
    join pg_catalog.pg_class t on t.oid = f.table_oid
    join pg_catalog.pg_namespace n on n.oid = t.relnamespace
    left join unnest($3::text[], $4::text[], $5::text[], $6::text[])
      with ordinality as d (old_type, old_modifier, new_type, new_modifier, position) on d.position = f.position
    where f.is_under_way
    order by f.position`,
    [
      name,
      table,
      oldTypes.map(([type]) => type),
      oldTypes.map(([, modifier]) => modifier),
      newTypes.map(([type]) => type),
      newTypes.map(([, modifier]) => modifier),
      keyColumnsOf(change),
    ],
  );
  return rows;
}

/** The recorded key columns with their present names; null for one that was dropped. A changed column keeps its old name. */
function presentKey(fact: string): string {
  return `
          select r.place, case
            when r.name = any (${fact}.old_columns) then r.name
            else coalesce(
              (
                select a.attname::text from pg_catalog.pg_attribute a
                where ${fact}.is_same_table and a.attrelid = ${fact}.table_oid and a.attnum = r.number::integer and not a.attisdropped
              ),
              (
                select a.attname::text from pg_catalog.pg_attribute a
                where a.attrelid = ${fact}.table_oid and a.attname = r.name and not a.attisdropped
              )
            ) end as name
          from rows from (
            jsonb_array_elements_text(nullif(${fact}.change -> 'key_columns', 'null')),
            jsonb_array_elements_text(nullif(${fact}.change -> 'key_numbers', 'null'))
          ) with ordinality as r (name, number, place)
`;
}

/** A name in quotes may contain parentheses. */
function baseType(type: string): string {
  return String.raw`regexp_replace(${type}, '^((?:"(?:[^"]|"")*"|[^"(])*)[(][^()]*[)]', '\1')`;
}

function isSameType(recorded: string, type: string, modifier: string): string {
  const withoutNames = `regexp_replace(${recorded}, '"([^"]|"")*"', '', 'g')`;
  const recordedModifier = `replace(substring(${withoutNames} from '[(]([^()]*)[)]'), ' ', '')`;
  return `(to_regtype(${baseType(recorded)}) is not distinct from to_regtype(${type}) and ${recordedModifier} is not distinct from ${modifier})`;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}

function listed(columns: readonly string[]): string {
  return columns.length === 1 ? columns[0]! : `[${columns.join(', ')}]`;
}
