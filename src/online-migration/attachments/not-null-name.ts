import { escapeIdentifier, escapeLiteral } from 'pg';
import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Side } from '../sync/filled-column.ts';
import { MAX_IDENTIFIER_BYTES, namesOf } from '../change/names.ts';
import { columnAt, mirrorName, type TableColumn } from './table-column.ts';

/*
 * From PostgreSQL 18 on, the NOT NULL of a column is a constraint with its own name and comment. Both are handed over
 * to the remaining column. Up to PostgreSQL 17, NOT NULL is not a constraint.
 *
 * Partitions inherit the constraint. PostgreSQL renames it with the table's constraint if it has the same name. A
 * partition that was attached later can have another name for it; with the change, it gets the table's name. If a
 * constraint still has another name in a partition, it keeps that name.
 */

/** The NOT NULL of a column. */
export interface NotNull {
  readonly name: string;
  readonly comment: string | null;
  /** Whether inheriting tables have it too, as by default; otherwise a change is refused. */
  readonly isInherited: boolean;
  /** Whether it is valid for all rows, not only for new ones; otherwise a change is refused. */
  readonly isValidated: boolean;
  /** Whether it has the same name in all partitions; otherwise PostgreSQL cannot rename it. */
  readonly canBeRenamed: boolean;
}

/** Reads the NOT NULL of a column; null if it has none, or if the server stores no name for it. */
export async function readNotNull(
  database: Queryable,
  { table, column }: TableColumn,
): Promise<NotNull | null> {
  const { rows } = await database.query<NotNull>(
    `
    with named as (
      select n.*
      from pg_catalog.pg_constraint n
      join pg_catalog.pg_attribute a on a.attrelid = n.conrelid and n.conkey = array[a.attnum]
      where n.contype = 'n' and a.attname = $2
        and n.conrelid in (select to_regclass($1)::oid union all select relid from pg_partition_tree(to_regclass($1)))
    )
    select n.conname as name, obj_description(n.oid, 'pg_constraint') as comment, not n.connoinherit as "isInherited",
      n.convalidated as "isValidated",
      not exists (
        select from pg_partition_tree(n.conrelid) p
        left join named of_partition on of_partition.conrelid = p.relid
        where of_partition.conname is distinct from n.conname
      ) as "canBeRenamed"
    from named n
    where n.conrelid = to_regclass($1)`,
    [table, column],
  );
  return rows[0] ?? null;
}

/**
 * Statements to run after one column, or its NOT NULL, was dropped: the other column's NOT NULL gets its name and
 * comment.
 * @param from the column that has it now
 */
export async function notNullSuccession(
  database: Queryable,
  change: ChangedColumn,
  from: Side,
): Promise<string[]> {
  const { table } = namesOf(change);
  const leaving = await readNotNull(database, columnAt(change, from));
  const staying = await readNotNull(database, columnAt(change, from === 'old' ? 'new' : 'old'));
  if (leaving === null || !staying?.canBeRenamed) return [];
  const name = escapeIdentifier(leaving.name);
  return [
    `alter table ${table} rename constraint ${escapeIdentifier(staying.name)} to ${name}`,
    ...commentStatements(table, name, leaving.comment),
  ];
}

/**
 * Statements that set a column NOT NULL with the name and the comment of the other column's NOT NULL, which gets the
 * name of the copy. A validated check must prove it, and the table must be locked.
 * @param from the column that has it now
 */
export async function notNullExchange(
  database: Queryable,
  change: ChangedColumn,
  from: Side,
): Promise<string[]> {
  const { table } = namesOf(change);
  const leaving = await readNotNull(database, columnAt(change, from));
  if (!leaving?.canBeRenamed) return [];
  const [name, mirror] = [escapeIdentifier(leaving.name), escapeIdentifier(mirrorName(leaving.name))];
  const to = escapeIdentifier(columnAt(change, from === 'old' ? 'new' : 'old').column);
  return [
    `alter table ${table} rename constraint ${name} to ${mirror}`,
    `comment on constraint ${mirror} on ${table} is null`,
    `alter table ${table} add constraint ${name} not null ${to}`,
    ...commentStatements(table, name, leaving.comment),
  ];
}

/**
 * Statements that give the new column the old column's name, under the table's lock. A NOT NULL that PostgreSQL has named after
 * the interim name is named after the old column: it was set during the change, or the old column lost its own.
 * @param options.isNamed whether an earlier statement of the plan names the NOT NULL
 */
export async function oldNameStatements(
  database: Queryable,
  change: ChangedColumn,
  { isNamed = false }: { readonly isNamed?: boolean } = {},
): Promise<string[]> {
  const { table, oldColumn, newColumn } = namesOf(change);
  const notNull = isNamed ? null : await readNotNull(database, columnAt(change, 'new'));
  const name = notNull?.canBeRenamed ? await nameAfterRename(database, change, notNull.name) : null;
  return [
    `alter table ${table} rename column ${newColumn} to ${oldColumn}`,
    ...(name === null
      ? []
      : [
          `alter table ${table} rename constraint ${escapeIdentifier(notNull!.name)} to ${escapeIdentifier(name)}`,
        ]),
  ];
}

/** The free name that PostgreSQL would give; null if the present name was given by a person. */
async function nameAfterRename(
  database: Queryable,
  { table, oldColumn, newColumn }: ChangedColumn,
  present: string,
): Promise<string | null> {
  const isGiven = !NUMBERS.some((number) => present === givenName(table.name, newColumn.name, number));
  if (isGiven) return null;
  const candidates = NUMBERS.map((number) => givenName(table.name, oldColumn.name, number));
  const { rows } = await database.query<{ name: string }>(
    `
    select candidate as name
    from unnest($1::text[]) with ordinality as listed (candidate, place)
    where not exists (
      select from pg_catalog.pg_constraint where connamespace = to_regnamespace(quote_ident($2)) and conname = candidate
    )
    order by place
    limit 1`,
    [candidates, table.schema],
  );
  return rows[0]?.name ?? null;
}

/** Suffixes that PostgreSQL adds to a name that is taken. */
const NUMBERS = ['', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** The name that PostgreSQL gives to the NOT NULL of a column: the longer name is cut first. */
function givenName(table: string, column: string, number: string): string {
  const label = `_not_null${number}`;
  const room = MAX_IDENTIFIER_BYTES - Buffer.byteLength(label) - 1;
  let [ofTable, ofColumn] = [Buffer.byteLength(table), Buffer.byteLength(column)];
  while (ofTable + ofColumn > room) {
    if (ofTable > ofColumn) ofTable -= 1;
    else ofColumn -= 1;
  }
  return `${cutTo(table, ofTable)}_${cutTo(column, ofColumn)}${label}`;
}

/** Cuts a text to a number of bytes, without half a character. */
function cutTo(text: string, bytes: number): string {
  const kept = Array.from(text);
  while (Buffer.byteLength(kept.join('')) > bytes) kept.pop();
  return kept.join('');
}

function commentStatements(table: string, name: string, comment: string | null): string[] {
  return comment === null ? [] : [`comment on constraint ${name} on ${table} is ${escapeLiteral(comment)}`];
}
