import type { ColumnChange } from '../../change/column-change.ts';
import { changeNamesOf } from '../../change/names.ts';
import { pause } from '../../postgres/pause.ts';
import { type HandedOut, readHandedOut } from './queue-state.ts';
import { Meter } from '../ranges/meter.ts';
import { takeRanges, type WorkSurroundings } from './take-ranges.ts';
import { WorkerConnection } from '../ranges/worker-connection.ts';

/** Interval between two checks for handed-out ranges. */
const POLL_MS = 500;
const HOW_TO_HAND_OUT = 'a backfill with `BACKFILL_WORKERS=0` hands out ranges';

/**
 * Fills ranges that a migrating process hands out, on this machine or on another.
 *
 * 1. Wait until ranges are handed out.
 * 2. Take one after another, until none is open or they are no longer handed out.
 * 3. If some are still open, the migrating process was stopped: wait for it again.
 *
 * It returns when its backfill is finished, or when it is asked to end. The last event has the work of this process.
 *
 * @throws the first error of a range, which has returned to the queue
 */
export async function workOnRanges(change: ColumnChange, surroundings: WorkSurroundings): Promise<void> {
  const { openSession, signal, emit } = surroundings;
  const { change: name } = changeNamesOf(change);
  const done = new Meter(name, { rowsDone: 0, rowsTotal: 0, blocksDone: 0, blocksTotal: 0 });
  await using watch = new WorkerConnection(openSession, async () => undefined);
  const find = () => watch.run((session) => readHandedOut(session, change), signal, emit);
  let reported: string | undefined;
  let hasWorked = false;
  const isOver = (found: HandedOut) => hasWorked && (found === 'done' || found === 'none');
  try {
    for (let found = await find(); !isOver(found); found = await find()) {
      if (found === 'handed out') {
        hasWorked = true;
        reported = undefined;
        await takeRanges(change, surroundings, watch, done).catch(async (error: unknown) => {
          // An object that a migrating process dropped at its end is not an error.
          if ((await find()) === 'handed out') throw error;
        });
        continue;
      }
      const reason =
        found === 'withheld' ? 'the migrating process hands none out' : 'no backfill is under way';
      if (reason !== reported) {
        emit({
          type: 'waiting-for-ranges',
          change: name,
          reason,
          message: `backfill: waiting for ranges, ${reason}; ${HOW_TO_HAND_OUT}`,
        });
      }
      reported = reason;
      await pause(POLL_MS, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  const { rowsDone: rows, batches, longestBatchMs } = done;
  emit({
    type: 'worker-finished',
    change: name,
    rows,
    batches,
    longestBatchMs,
    message:
      `backfill: this process has filled ${rows.toLocaleString('en-US')} rows in ` +
      `${batches.toLocaleString('en-US')} batches, the longest ${longestBatchMs.toFixed(0)} ms`,
  });
}
