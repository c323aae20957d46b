import type { Queryable } from './column-change.ts';
import type { Names } from './names.ts';
import type { Session } from './session.ts';

/*
 * Makes a column NOT NULL without a scan under a strong lock:
 *
 * 1. `addNotNullCheck`, under ACCESS EXCLUSIVE: a check that is not validated; it holds for new writes at once.
 * 2. `validateNotNullCheck`, in a later transaction: SHARE UPDATE EXCLUSIVE, reads the table beside reads and writes.
 * 3. `setNotNull`, under ACCESS EXCLUSIVE: the validated check proves it, so there is no scan; then the check goes.
 */

/** Step 1; a check that an earlier run left is kept. `column` is quoted. */
export async function addNotNullCheck(database: Queryable, names: Names, column: string): Promise<void> {
  if (await hasNotNullCheck(database, names)) return;
  await database.query(`
    alter table ${names.table} add constraint ${names.notNullCheck} check (${column} is not null) not valid`);
}

/**
 * Step 2; without a statement timeout, since it reads the whole table.
 * @throws the database's error 23514 where a row has no value
 */
export async function validateNotNullCheck(session: Session, names: Names): Promise<void> {
  await session.withoutStatementTimeout(() =>
    session.query(`alter table ${names.table} validate constraint ${names.notNullCheck}`),
  );
}

/** Step 3. `column` is quoted. */
export async function setNotNull(database: Queryable, names: Names, column: string): Promise<void> {
  await database.query(`alter table ${names.table} alter column ${column} set not null`);
  await dropNotNullCheck(database, names);
}

/** Takes the check away; also the way back of step 1. */
export async function dropNotNullCheck(database: Queryable, names: Names): Promise<void> {
  await database.query(`alter table ${names.table} drop constraint if exists ${names.notNullCheck}`);
}

/** Whether step 1 was done and step 3 was not. */
export async function hasNotNullCheck(database: Queryable, names: Names): Promise<boolean> {
  const { rows } = await database.query<{ found: boolean }>(
    `
    select exists (
      select from pg_catalog.pg_constraint
      where conrelid = to_regclass($1) and contype = 'c' and quote_ident(conname) = any (array[$2, $3])
    ) as found`,
    [names.table, names.notNullCheck, names.notNullCheck.replaceAll('"', '')],
  );
  return rows[0]?.found ?? false;
}
