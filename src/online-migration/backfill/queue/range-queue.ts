import { assertPeerVersion } from '../../postgres/peer-versions.ts';
import type { Emit } from '../../change/events.ts';
import { SQLSTATE } from '../../postgres/database-error.ts';
import { createHash } from 'node:crypto';
import type { PgBoss } from 'pg-boss';
import { QUEUE_SCHEMA } from '../../change/names.ts';
import type { Session } from '../../postgres/session.ts';
import type { Fill } from '../plan/fill.ts';
import type { Range } from '../plan/plan.ts';
import { QueueDatabase } from './queue-database.ts';
import { createQueueSchema } from '../plan/queue-schema.ts';

// pg-boss, and not graphile-worker, which gives the job of a worker that died to another after four hours: pg-boss notices
// that its heartbeats stay away. It is loaded where a queue is opened, and nowhere else.

/** A worker that has not been heard of for so long has lost its job: it is dead, or cut off. */
const HEARTBEAT_S = 15;
const HEARTBEAT_INTERVAL_S = 3;
/** How often the processes, in turn, look for such jobs. */
const SUPERVISION_INTERVAL_S = 2;
/** How often a worker without a job asks for one; pg-boss does not do so more often. */
const POLL_INTERVAL_S = 0.5;
/** pg-boss's longest. A worker that is paused for longer gives its range back and takes it again. */
const LONGEST_JOB_S = 24 * 60 * 60;
/** pg-boss's longest; jobs are deleted with the queue. */
const RETENTION_S = 365 * 24 * 60 * 60;
/** Each time that a range is given back counts as a try; a range is to be done, whatever happens to its workers. */
const TRIES = 1_000_000;
const HASH_CHARACTERS = 16;

/** SQLSTATEs of a queue that was taken away: the backfill is finished, or was stopped. */
const TAKEN_AWAY_CODES = new Set<string>([SQLSTATE.undefinedTable, SQLSTATE.undefinedSchema]);

/** The queue of a backfill's ranges. Disposing of it gives the range under way back, when its batch has ended. */
export interface RangeQueue extends AsyncDisposable {
  /** Adds the ranges that it has not got yet, to be taken in this order. */
  offer(ranges: readonly Range[]): Promise<void>;
  /**
   * Takes one range after another from now on.
   * @param work receives the range as it was offered, and fills it; an error gives it back; the signal is aborted when
   * another worker has got it
   */
  take(work: (range: Range, lost: AbortSignal) => Promise<void>): Promise<void>;
}

/**
 * Opens the queue; creates it where it is missing.
 *
 * 1. Each range is a job; a range has one at a time, so offering it again changes nothing.
 * 2. A worker that has a job says so every few seconds. All processes look, in turn, for a job whose worker has been silent
 *    for 15 s, and put it back.
 * 3. Who takes a range from the queue claims it in the plan too: that, and not the queue, decides whose batches count.
 *
 * @param openSession opens the session that it works on
 * @param options.install whether to create pg-boss's tables too; without it they must be there
 * @param options.emit receives what goes wrong, each message once
 */
export async function openRangeQueue(
  openSession: () => Promise<Session>,
  fill: Fill,
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
    // Nothing is ever deleted from it and it is gone within hours.
    schedule: false,
    reindex: false,
    monitorVacuum: false,
  });
  reportErrorsOnce(boss, fill, options.emit);
  const name = queueName(fill);
  let isTaking = false;
  const close = async () => {
    if (isTaking) await boss.offWork(name);
    await boss.stop({ graceful: false });
    await database[Symbol.asyncDispose]();
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

/** Each change has a queue of its own. */
function queueName({ names }: Fill): string {
  return `ranges-${shortHash(names.change)}`;
}

/** pg-boss's names and keys have letters, digits and few signs; a table's name may have any. */
function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_CHARACTERS);
}

/** What goes wrong here is tried again; only that people should know of it. */
function reportErrorsOnce(boss: PgBoss, { names }: Fill, emit: Emit): void {
  const reported = new Set<string>();
  // Some arrive as copies that are no instances of Error.
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
