import type { ClientConfig } from 'pg';
import { pause } from '../pause.ts';
import { Session } from '../session.ts';

/** Any number serves, as long as every runner of the database takes the same one. */
const LOCK_KEY = 7_303_014_082_021;
const POLL_MS = 250;

/** The right to run migrations in this database, held by one process at a time. */
export interface MigratorLock extends AsyncDisposable {
  /** Aborted when the lock's connection is lost: from then on another runner may hold it. */
  readonly lost: AbortSignal;
}

/** The session that holds the lock. */
interface Holder {
  pid: number;
  application: string;
  since: Date;
}

/**
 * Takes the advisory lock that lets one runner at a time migrate a database, and waits for it where it is held. It lives
 * on a connection of its own: a runner that is killed frees it at once.
 *
 * It asks again and again, instead of waiting inside the server: a statement that waits has a snapshot, and a snapshot
 * would stop the other runner's backfill from reusing the space of its dead rows.
 *
 * @param connection the database
 * @param log receives a line that says whom it waits for
 * @param signal ends the wait
 */
export async function acquireMigratorLock(
  connection: ClientConfig,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<MigratorLock> {
  const session = await Session.open(connection, 'online-migration lock');
  try {
    await session.query(`set idle_session_timeout = 0`);
    let told: number | undefined;
    while (!(await tryLock(session))) {
      const holder = await findHolder(session);
      if (holder !== undefined && holder.pid !== told) {
        told = holder.pid;
        log(
          `another runner migrates this database: pid ${holder.pid} (${holder.application}), ` +
            `since ${holder.since.toISOString()}; waiting for it to end`,
        );
      }
      await pause(POLL_MS, signal);
    }
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
  return { lost: session.lost, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() };
}

async function tryLock(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ taken: boolean }>(`select pg_try_advisory_lock($1) as taken`, [
    LOCK_KEY,
  ]);
  return rows[0]?.taken ?? false;
}

async function findHolder(session: Session): Promise<Holder | undefined> {
  const { rows } = await session.query<Holder>(
    `
    select a.pid, a.application_name as application, a.backend_start as since
    from pg_catalog.pg_locks l
    join pg_catalog.pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1
      and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
      and (l.classid::bigint << 32 | l.objid::bigint) = $1`,
    [LOCK_KEY],
  );
  return rows[0];
}
