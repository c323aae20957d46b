import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { asRole } from '../state/owner.ts';

/*
 * PostgreSQL calls immutable functions while it plans an expression, and any role that owns a table can write them. So a trial
 * runs with the rights of the table's owner: otherwise, a superuser who only looks at the table would run them as a superuser.
 */

/**
 * Reads the role that tries definitions of the table, quoted: the table's owner, if the session may act for it, or else the
 * session's role.
 */
export async function readTrialRole(database: Queryable, change: ColumnChange): Promise<string> {
  const { rows } = await database.query<{ role: string }>(
    `
    select quote_ident(coalesce(
      (
        select pg_get_userbyid(c.relowner) from pg_catalog.pg_class c
        where c.oid = to_regclass($1) and pg_has_role(
          current_user, c.relowner, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end
        )
      ),
      current_user
    )) as role`,
    [changeNamesOf(change).table],
  );
  return rows[0]!.role;
}

/**
 * Runs statements as the role that tries definitions.
 * @param database has a transaction open that is rolled back
 * @param body gets a function that runs statements as the session's role again
 */
export async function asTrialRole<T>(
  database: Queryable,
  change: ColumnChange,
  body: (asSession: <U>(statements: () => Promise<U>) => Promise<U>) => Promise<T>,
): Promise<T> {
  const { rows } = await database.query<{ role: string }>(`select quote_ident(current_user) as role`);
  const session = rows[0]!.role;
  return asRole(database, await readTrialRole(database, change), () =>
    body((statements) => asRole(database, session, statements)),
  );
}
