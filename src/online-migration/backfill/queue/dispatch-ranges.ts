import { pause } from '../../postgres/pause.ts';
import type { Session } from '../../postgres/session.ts';
import { publishProgress } from '../plan/checkpoint.ts';
import { checkThrottles } from '../throttle/throttle-check.ts';
import { readOpenRanges, readPlanSize } from '../plan/plan.ts';
import { dropQueueInUse } from '../plan/queue-schema.ts';
import { openRangeQueue } from './range-queue.ts';
import type { BackfillSettings } from '../throttle/settings.ts';
import type { WorkerShare } from '../ranges/range-worker.ts';
import { findWorkerProcesses } from '../plan/worker-name.ts';

/** Interval between two progress updates. Each worker process checks the throttles itself. */
const TICK_MS = 1_000;
/**
 * Interval between two offers of all open ranges. No way to lose a job is known, but no range should depend on that.
 */
const OFFER_TICKS = 60;
const NO_WORKER = 'no worker is there: start `npx online-migration backfill work`, on any machine';

/**
 * Hands out all open ranges to worker processes, and waits until they are finished.
 *
 * 1. Create the queue, and offer each open range. A range of an earlier run that is queued or in progress is not
 *    changed.
 * 2. Every second, until no range is open: add up the work of all workers, record it, and report if no worker is
 *    connected.
 * 3. Drop the queue, even when this process is asked to stop, so that the workers stop too. If this process dies,
 *    they finish the ranges without it.
 *
 * @param session watches
 * @param openSession opens the queue's session
 */
export async function handOutRanges(
  session: Session,
  share: WorkerShare,
  settings: BackfillSettings,
  openSession: () => Promise<Session>,
): Promise<void> {
  try {
    await offerUntilDone(session, share, settings, openSession);
  } catch (error) {
    // Fails if this connection was lost.
    await dropQueueInUse(session).catch(() => undefined);
    throw error;
  }
  await dropQueueInUse(session);
}

async function offerUntilDone(
  session: Session,
  share: WorkerShare,
  settings: BackfillSettings,
  openSession: () => Promise<Session>,
): Promise<void> {
  const { fill, pauses, meter, emit, signal } = share;
  let size = await readPlanSize(session, fill);
  if (size.blocksDone === size.blocksTotal) return;
  await using queue = await openRangeQueue(openSession, fill, { install: true, emit });
  const findMissingWorkers = workerWatch(session, share);
  for (let tick = 0; size.blocksDone < size.blocksTotal; tick++) {
    if (tick % OFFER_TICKS === 0) await queue.offer(await readOpenRanges(session, fill));
    await checkThrottles(session, share, settings, findMissingWorkers);
    const progress = meter.progress(null, pauses.reason);
    emit(progress);
    await publishProgress(session, fill, progress);
    await pause(TICK_MS, signal);
    size = await readPlanSize(session, fill);
    meter.follow(size);
  }
  pauses.set(null);
  emit(meter.progress(null, null));
}

/** Reports changes of the connected worker processes; returns a reason to wait if there are none. */
function workerWatch(session: Session, { fill, emit }: WorkerShare): () => Promise<string | null> {
  let reported = '';
  return async () => {
    const processes = await findWorkerProcesses(session);
    const names = processes.join(', ');
    if (names !== reported && names !== '') {
      emit({
        type: 'backfill-workers',
        change: fill.names.change,
        processes,
        message: `backfill: worker processes: ${names}`,
      });
    }
    reported = names;
    return processes.length === 0 ? NO_WORKER : null;
  };
}
