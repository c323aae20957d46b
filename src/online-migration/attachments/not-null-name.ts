import { escapeIdentifier, escapeLiteral } from 'pg';
import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Side } from '../sync/filled-column.ts';
import { namesOf } from '../change/names.ts';
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

function commentStatements(table: string, name: string, comment: string | null): string[] {
  return comment === null ? [] : [`comment on constraint ${name} on ${table} is ${escapeLiteral(comment)}`];
}
