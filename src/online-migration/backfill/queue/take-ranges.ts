import type { Emit } from '../../change/events.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { pause } from '../../postgres/pause.ts';
import type { Session } from '../../postgres/session.ts';
import { AutovacuumHold } from '../space/autovacuum-hold.ts';
import { RangeTakenError } from '../plan/claim.ts';
import { WorkerPauses } from '../throttle/worker-pause.ts';
import { changeWork } from '../batch/change-work.ts';
import { readFill, readHandedOut } from './queue-state.ts';
import { checkThrottles } from '../throttle/throttle-check.ts';
import { Meter } from '../ranges/meter.ts';
import { NiceRatio } from '../throttle/nice-ratio.ts';
import { BatchSizes } from '../throttle/batch-size.ts';
import { type Range, readPlanSize } from '../plan/plan.ts';
import { openRangeQueue } from './range-queue.ts';
import type { BackfillSettings } from '../throttle/settings.ts';
import { SpaceReuse } from '../space/space-reuse.ts';
import { reportUnseen } from '../throttle/unseen-figures.ts';
import { fillRange, type WorkerShare } from '../ranges/range-worker.ts';
import { forBatches, WorkerConnection } from '../ranges/worker-connection.ts';

/** Interval between two checks for ranges and throttles. */
const TICK_MS = 1_000;

/** Inputs of a worker process. */
export interface WorkSurroundings {
  /** Opens a session named by `workerSessionName`. */
  readonly openSession: () => Promise<Session>;
  readonly settings: BackfillSettings;
  /** Ends the work after the current batch. */
  readonly signal: AbortSignal;
  /** Receives all events, and every second the progress of all workers together. */
  readonly emit: Emit;
}

/**
 * Takes ranges from the queue and fills them, as long as ranges are handed out. Like the migrating process, it reads
 * the controls and checks the load on the application, so it does not need the migrating process for that.
 * @param watch a connection for the checks
 * @param done counts the work of this process
 * @throws the first error of a range, which has returned to the queue; or the signal's reason
 */
export async function takeRanges(
  change: ColumnChange,
  { openSession, settings, signal, emit }: WorkSurroundings,
  watch: WorkerConnection,
  done: Meter,
): Promise<void> {
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  const ask = <T>(question: (session: Session) => Promise<T>) => watch.run(question, ended, emit);
  const fill = changeWork(await ask((session) => readFill(session, change)));
  await ask((session) => fill.report(session, emit));
  await ask((session) => reportUnseen(session, fill, emit));
  const whole = new Meter(fill.names.change, await ask((session) => readPlanSize(session, fill)));
  await using hold = new AutovacuumHold(openSession, fill.names.table, emit);
  const nice = new NiceRatio();
  const share = {
    fill,
    pauses: new WorkerPauses(),
    batchSizes: new BatchSizes(settings.batchMs),
    nice,
    meter: done,
    hold,
    space: new SpaceReuse(fill, hold, () => nice.isBusy),
    signal: ended,
    emit,
  };
  const checkOnce = async (session: Session) => {
    const found = await readHandedOut(session, change);
    if (found === 'none') return false;
    if (found === 'handed out') await checkThrottles(session, share, settings);
    whole.follow(await readPlanSize(session, fill));
    emit(whole.progress(share.batchSizes.rows, share.pauses.reason));
    return found === 'handed out';
  };
  // Before the first range, because the backfill may be paused.
  if (!(await ask(checkOnce))) return;
  await using queue = await openRangeQueue(openSession, fill, { install: false, emit });
  await queue.take((range, lost) =>
    fillUntilLost(openSession, share, range, lost, (error) => stop.abort(error)),
  );
  try {
    while (await ask(checkOnce)) await pause(TICK_MS, ended);
  } finally {
    stop.abort();
  }
}

/**
 * Fills one range.
 * @param lost aborted when the queue has given the range to another worker
 * @param failed receives an error of the range itself, not of its loss
 * @throws if the range is not finished, so that it returns to the queue
 */
async function fillUntilLost(
  openSession: () => Promise<Session>,
  share: WorkerShare,
  range: Range,
  lost: AbortSignal,
  failed: (error: unknown) => void,
): Promise<void> {
  // One for each range: a lost range may still be ending a batch while the next range begins.
  await using connection = new WorkerConnection(openSession, forBatches(share.fill));
  try {
    const signal = AbortSignal.any([share.signal, lost]);
    await fillRange(connection, { ...share, signal }, range, () => true);
  } catch (error) {
    if (error instanceof RangeTakenError) return;
    if (!share.signal.aborted && !lost.aborted) failed(error);
    throw error;
  }
}
