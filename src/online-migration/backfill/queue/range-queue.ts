import { assertPeerVersion } from '../../postgres/peer-versions.ts';
import type { Emit } from '../../change/events.ts';
import { SQLSTATE } from '../../postgres/database-error.ts';
import { createHash } from 'node:crypto';
import type { PgBoss } from 'pg-boss';
import { QUEUE_SCHEMA } from '../../change/names.ts';
import type { Session } from '../../postgres/session.ts';
import type { BackfillIdentity } from '../plan/backfill-work.ts';
import type { Range } from '../plan/plan.ts';
import { QueueDatabase } from './queue-database.ts';
import { createQueueSchema } from '../plan/queue-schema.ts';

// pg-boss detects a dead worker by its missing heartbeats; graphile-worker reassigns its job only after four hours.
// It is loaded only when a queue is opened.

/** A worker without a heartbeat for this long loses its job: it is dead or disconnected. */
const HEARTBEAT_S = 15;
const HEARTBEAT_INTERVAL_S = 3;
/** How often the processes, in turn, look for dead jobs. */
const SUPERVISION_INTERVAL_S = 2;
/** How often a worker without a job asks for one; pg-boss does not do so more often. */
const POLL_INTERVAL_S = 0.5;
/** pg-boss's longest. A worker that is paused for longer gives its range back and takes it again. */
const LONGEST_JOB_S = 24 * 60 * 60;
/** pg-boss's longest; jobs are deleted with the queue. */
const RETENTION_S = 365 * 24 * 60 * 60;
/** Each return of a range counts as a try, and a range must be finished even if many workers fail. */
const TRIES = 1_000_000;
const HASH_CHARACTERS = 16;

/** SQLSTATEs of a dropped queue: the backfill is finished, or was stopped. */
const TAKEN_AWAY_CODES = new Set<string>([SQLSTATE.undefinedTable, SQLSTATE.undefinedSchema]);

/** The queue of a backfill's ranges. Disposing of it returns the current range when its batch has ended. */
export interface RangeQueue extends AsyncDisposable {
  /** Adds ranges that it does not contain yet; workers take them in this order. */
  offer(ranges: readonly Range[]): Promise<void>;
  /**
   * Takes one range after another from now on.
   * @param work receives the range as it was offered, and fills it; an error returns it; the signal is aborted when
   *   another worker has taken it
   */
  take(work: (range: Range, lost: AbortSignal) => Promise<void>): Promise<void>;
}

/**
 * Opens the queue; creates it if it is missing.
 *
 * 1. Each range is a job. It has one job at a time, so offering it again changes nothing.
 * 2. A worker sends a heartbeat for its job every few seconds. All processes, in turn, look for a job without a
 *    heartbeat for 15 s, and return it to the queue.
 * 3. A worker that takes a range from the queue also claims it in the plan. The plan, not the queue, decides which
 *    batches count.
 *
 * @param openSession opens its session
 * @param options.install whether to create pg-boss's tables too; otherwise they must exist
 * @param options.emit receives errors, each message once
 */
export async function openRangeQueue(
  openSession: () => Promise<Session>,
  fill: BackfillIdentity,
  options: { readonly install: boolean; readonly emit: Emit },
): Promise<RangeQueue> {
  if (options.install) {
    await using session = await openSession();
    await createQueueSchema(session, fill.names.table);
  }
  assertPeerVersion('pg-boss');
  const { PgBoss } = await import('pg-boss');
  const database = new QueueDatabase(openSession, fill.names.table, options.emit);
  const boss = new PgBoss({
    db: database,
    schema: QUEUE_SCHEMA,
    migrate: options.install,
    createSchema: false,
    superviseIntervalSeconds: SUPERVISION_INTERVAL_S,
    monitorIntervalSeconds: SUPERVISION_INTERVAL_S,
    // Nothing is ever deleted from it, and it is dropped within hours.
    schedule: false,
    reindex: false,
    monitorVacuum: false,
  });
  reportErrorsOnce(boss, fill, options.emit);
  const name = queueName(fill);
  let isTaking = false;
  const close = async () => {
    await using _database = database;
    await using _boss = { [Symbol.asyncDispose]: () => boss.stop({ graceful: false }) };
    if (isTaking) await boss.offWork(name);
  };
  try {
    await boss.start();
    await boss.createQueue(name, {
      policy: 'exclusive',
      heartbeatSeconds: HEARTBEAT_S,
      expireInSeconds: LONGEST_JOB_S,
      retentionSeconds: RETENTION_S,
      retryLimit: TRIES,
    });
  } catch (error) {
    // The first error is the one to report.
    await close().catch(() => undefined);
    throw error;
  }
  return {
    async offer(ranges) {
      await boss.insert(
        name,
        ranges.map((range, place) => ({
          data: range,
          singletonKey: shortHash(`${range.leaf} ${range.firstBlock}`),
          priority: -place,
        })),
      );
    },
    async take(work) {
      const timing = {
        pollingIntervalSeconds: POLL_INTERVAL_S,
        heartbeatRefreshSeconds: HEARTBEAT_INTERVAL_S,
      };
      await boss.work<Range>(name, timing, async ([job]) => {
        if (job !== undefined) await work(job.data, job.signal);
      });
      isTaking = true;
    },
    [Symbol.asyncDispose]: close,
  };
}

/** Each change has its own queue. */
function queueName({ names }: BackfillIdentity): string {
  return `ranges-${shortHash(names.change)}`;
}

/** pg-boss's names and keys allow letters, digits and few signs; a table's name may contain any character. */
function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_CHARACTERS);
}

/** Errors here are retried; they are only reported. */
function reportErrorsOnce(boss: PgBoss, { names }: BackfillIdentity, emit: Emit): void {
  const reported = new Set<string>();
  // Some arrive as copies that are not instances of Error.
  boss.on('error', ({ message, code }: { message: string; code?: string }) => {
    if (TAKEN_AWAY_CODES.has(code ?? '') || reported.has(message)) return;
    reported.add(message);
    emit({
      type: 'queue-failed',
      change: names.change,
      reason: message,
      message: `backfill: the queue: ${message}`,
    });
  });
}
