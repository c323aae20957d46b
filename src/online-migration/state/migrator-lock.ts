import type { Emit } from '../change/events.ts';
import { pause } from '../postgres/pause.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Session } from '../postgres/session.ts';

/** Any number works if every runner of the database uses the same one. */
const LOCK_KEY = 7_303_014_082_021;
const POLL_MS = 250;

/** The session that holds the lock. */
interface Holder {
  pid: number;
  application: string;
  /** Null for a role that may not see it. */
  since: Date | null;
}

/**
 * Takes the advisory lock that lets one runner at a time migrate a database, and waits if another runner holds it.
 * The lock is released when the session ends.
 *
 * The session that runs the phases must hold it. When a runner is killed, its commit may still be in progress. A lock
 * on a separate session would be free before that commit, and the next runner would run the same phase again.
 *
 * It polls instead of waiting inside the server. A waiting statement has a snapshot, and the snapshot would stop the
 * other runner's backfill from reusing the space of dead rows.
 *
 * @param session holds the lock from then on
 * @param emit receives an event that names the lock's holder
 * @param signal ends the wait
 */
export async function acquireMigratorLock(session: Session, emit: Emit, signal: AbortSignal): Promise<void> {
  await forbidIdleTimeout(session);
  let reported: number | undefined;
  while (!(await tryLock(session))) {
    const holder = await findHolder(session);
    if (holder !== undefined && holder.pid !== reported) {
      reported = holder.pid;
      const { pid, application } = holder;
      const since = holder.since?.toISOString() ?? null;
      emit({
        type: 'waiting-for-runner',
        pid,
        application,
        since,
        message:
          `another runner migrates this database: pid ${pid} (${application})` +
          `${since === null ? '' : `, since ${since}`}; waiting for it to end`,
      });
    }
    await pause(POLL_MS, signal);
  }
}

/** The session is idle while an ordinary migration runs. A server before 14 does not know the setting. */
async function forbidIdleTimeout(session: Session): Promise<void> {
  await session.query(`
    select set_config(name, '0', false) from pg_catalog.pg_settings where name = 'idle_session_timeout'`);
}

async function tryLock(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ taken: boolean }>(`select pg_try_advisory_lock($1) as taken`, [
    LOCK_KEY,
  ]);
  return rows[0]?.taken ?? false;
}

/** Whether a process holds the lock, and so may be running a phase. */
export async function isMigratorLockHeld(database: Queryable): Promise<boolean> {
  return (await findHolder(database)) !== undefined;
}

async function findHolder(database: Queryable): Promise<Holder | undefined> {
  const { rows } = await database.query<Holder>(
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
