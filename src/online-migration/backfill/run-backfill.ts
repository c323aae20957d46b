import type { BackfillPlanned, Emit } from '../change/events.ts';
import type { Session } from '../postgres/session.ts';
import { AutovacuumHold } from './space/autovacuum-hold.ts';
import { publishProgress } from './plan/checkpoint.ts';
import type { BackfillIdentity, BackfillWork } from './plan/backfill-work.ts';
import { fillRanges } from './ranges/fill-ranges.ts';
import { WorkerPauses } from './throttle/worker-pause.ts';
import { handOutRanges } from './queue/dispatch-ranges.ts';
import { findLeaves } from '../postgres/partition-tree.ts';
import { checkThrottles } from './throttle/throttle-check.ts';
import { Meter } from './ranges/meter.ts';
import { NiceRatio } from './throttle/nice-ratio.ts';
import { BatchSizes } from './throttle/batch-size.ts';
import { planBackfill, readPlanSize } from './plan/plan.ts';
import { dropQueueInUse } from './plan/queue-schema.ts';
import type { BackfillSettings } from './throttle/settings.ts';
import { measureSpace, type Space } from './space/table-size.ts';
import { SpaceReuse } from './space/space-reuse.ts';
import { sweep } from './ranges/sweep.ts';
import { reportUnseen } from './throttle/unseen-figures.ts';
import type { WorkerShare } from './ranges/range-worker.ts';
import { forBatches, WorkerConnection } from './ranges/worker-connection.ts';

/** Inputs of a backfill besides its session and its fill. */
export interface BackfillSurroundings {
  /** Opens another session. */
  readonly openSession: () => Promise<Session>;
  readonly settings: BackfillSettings;
  /** Ends the run between two batches. */
  readonly signal: AbortSignal;
  /** Receives all events, including the progress four times a second. */
  readonly emit: Emit;
}

/** The result of a run. */
export interface BackfillSummary {
  /** Rows filled, over all runs. */
  readonly rows: number;
  /** False if rows are left, because new ones kept coming. */
  readonly isComplete: boolean;
  readonly seconds: number;
  /** Null if worker processes have filled the rows: each reports its own. */
  readonly batches: { readonly count: number; readonly longestMs: number } | null;
  /** Milliseconds of pauses, by kind of reason. */
  readonly pausedMs: ReadonlyMap<string, number>;
  /** Milliseconds that the workers rested while other sessions were busy, added up. */
  readonly restedMs: number;
  readonly before: Space;
  readonly after: Space;
}

/**
 * Fills the columns of every row in short transactions. It continues an earlier run.
 *
 * 1. Plan: divide each leaf into ranges of heap blocks, in physical order.
 * 2. Fill: workers, each with its own session, take ranges and fill them batch by batch, in stripes. If this process
 *    has no workers, worker processes on any machine do the work.
 * 3. Watch: four times a second, write the progress, read the controls, check the load on the application, and pause
 *    the workers if it is too high.
 * 4. Sweep: fill the remaining rows, which were locked or moved, until every convertible row is filled.
 *
 * @param session plans, watches and writes the progress
 * @throws BackfillError before the first row, if undeclared triggers of the table would fire; later, if the table
 *   rejects the update of a row
 */
export async function runBackfill(
  session: Session,
  fill: BackfillWork,
  surroundings: BackfillSurroundings,
): Promise<BackfillSummary> {
  const { settings, signal, emit, openSession } = surroundings;
  const began = performance.now();
  await fill.report(session, emit);
  await reportUnseen(session, fill, emit);
  const before = await measureSpace(session, fill);
  const leaves = await findLeaves(session, fill.names.table);
  await session.transaction(() => planBackfill(session, fill, leaves));
  const planned = await readPlanSize(session, fill);
  emit(backfillPlanned(fill, planned, settings.workers));
  const meter = new Meter(fill.names.change, planned);
  const pauses = new WorkerPauses();
  const nice = new NiceRatio();
  const isHandedOut = settings.workers === 0;
  // Workers on the queue of an earlier run would interfere with this process's own.
  if (!isHandedOut) await dropQueueInUse(session);
  const batchSizes = new BatchSizes(settings.batchMs);
  await using hold = new AutovacuumHold(openSession, fill.names.table, emit);
  const space = new SpaceReuse(fill, hold, () => nice.isBusy);
  const share: WorkerShare = { fill, pauses, batchSizes, nice, meter, hold, space, signal, emit };
  const fillAll = isHandedOut ? handOutRanges : fillRanges;
  await fillAll(session, share, settings, openSession);
  await hold[Symbol.asyncDispose]();
  const isHeldBack = async (sweeping: Session, otherReason: string | null) => {
    await checkThrottles(sweeping, share, settings, async () => otherReason);
    const progress = meter.progress(isHandedOut ? null : batchSizes.rows, pauses.reason);
    emit(progress);
    await publishProgress(sweeping, fill, progress);
    return pauses.reason !== otherReason;
  };
  await using sweeper = new WorkerConnection(openSession, forBatches(fill));
  const isComplete = await sweeper.run((sweeping) => sweep(sweeping, { ...share, isHeldBack }), signal, emit);
  pauses.set(null);
  const { rowsDone } = await readPlanSize(session, fill);
  return {
    rows: rowsDone,
    isComplete,
    seconds: (performance.now() - began) / 1000,
    batches: isHandedOut ? null : { count: meter.batches, longestMs: meter.longestBatchMs },
    pausedMs: pauses.pausedMs,
    restedMs: nice.restedMs,
    before,
    after: await measureSpace(session, fill),
  };
}

function backfillPlanned(
  { names, direction }: BackfillIdentity,
  { rowsDone, rowsTotal }: { readonly rowsDone: number; readonly rowsTotal: number },
  workers: number,
): BackfillPlanned {
  return {
    type: 'backfill-planned',
    change: names.change,
    direction,
    rowsDone,
    rowsTotal,
    workers,
    message:
      `backfill: fills about ${rowsTotal.toLocaleString('en-US')} rows` +
      (rowsDone === 0 ? '' : `, of which ${rowsDone.toLocaleString('en-US')} are filled already`) +
      (workers === 0
        ? ', by worker processes'
        : `, with ${workers === 1 ? '1 worker' : `${workers} workers`}`),
  };
}
