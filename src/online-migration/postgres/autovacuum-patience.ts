import type { Queryable } from './queryable.ts';

/** Autovacuum gives way to a session that has waited for `deadlock_timeout`. Twice that is enough. */
const DEADLOCK_TIMEOUTS = 2;
const SHORTEST_PATIENCE_MS = 2_000;

/**
 * How long to wait for a lock that autovacuum holds, in milliseconds.
 * @see https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM
 */
export async function readPatienceMs(database: Queryable): Promise<number> {
  const { rows } = await database.query<{ milliseconds: number }>(
    `select setting::float8 as milliseconds from pg_catalog.pg_settings where name = 'deadlock_timeout'`,
  );
  return Math.max(SHORTEST_PATIENCE_MS, DEADLOCK_TIMEOUTS * (rows[0]?.milliseconds ?? 0));
}

/**
 * Locks tables in SHARE UPDATE EXCLUSIVE, as long as autovacuum needs to give way. Reads and writes never wait for this request. A wait
 * for a stronger lock ends before autovacuum notices it.
 *
 * @param database in a transaction; its lock timeout is another one afterwards
 * @param relations schema and name, quoted; the tables among them are locked that the role may lock
 * @param longestMs no longer than this, in milliseconds
 * @param extent whether their partitions are locked, too
 */
export async function lockBesideTraffic(
  database: Queryable,
  relations: readonly string[],
  longestMs: number,
  extent: 'whole' | 'alone' = 'whole',
): Promise<void> {
  const { rows } = await database.query<{ name: string }>(
    `
    select format('%I.%I', n.nspname, c.relname) as name
    from unnest($1::text[]) with ordinality as relation (name, place)
    join pg_catalog.pg_class c on c.oid = to_regclass(relation.name)
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and has_table_privilege(c.oid, 'update, delete, truncate')
    group by 1
    order by min(relation.place)`,
    [relations],
  );
  const patienceMs = Math.min(await readPatienceMs(database), longestMs);
  await database.query(`set local lock_timeout = ${Math.max(1, Math.ceil(patienceMs))}`);
  for (const { name } of rows)
    await database.query(
      `lock table ${extent === 'alone' ? 'only ' : ''}${name} in share update exclusive mode`,
    );
}
