import { pause } from '../../postgres/pause.ts';
import type { Session } from '../../postgres/session.ts';
import { publishProgress } from '../plan/checkpoint.ts';
import { RangeTakenError } from '../plan/claim.ts';
import { checkThrottles } from '../throttle/throttle-check.ts';
import { type Range, readOpenRanges } from '../plan/plan.ts';
import type { BackfillSettings } from '../throttle/settings.ts';
import { STRIPES } from '../plan/stripes.ts';
import { fillRange, type WorkerShare } from './range-worker.ts';
import { forBatches, WorkerConnection } from './worker-connection.ts';

/** Interval between two progress updates and checks of the controls and throttles. */
const TICK_MS = 250;

/** Workers that share the open ranges. Each has a place; a worker exits when its place is removed. */
class WorkerPlaces {
  readonly #places = new Map<number, Promise<void>>();
  readonly #ranges: Range[];
  readonly #share: WorkerShare;
  readonly #openSession: () => Promise<Session>;
  #wanted = 0;

  constructor(ranges: Range[], share: WorkerShare, openSession: () => Promise<Session>) {
    this.#ranges = ranges;
    this.#share = share;
    this.#openSession = openSession;
  }

  /** Whether no range is open or in progress. */
  get areDone(): boolean {
    return this.#ranges.length === 0 && this.#places.size === 0;
  }

  /** Sets the number of places, and starts workers for the free ones. */
  want(workers: number): void {
    this.#wanted = workers;
    for (let place = 0; place < workers && this.#ranges.length > 0; place++) {
      if (!this.#places.has(place)) this.#places.set(place, this.#work(place));
    }
  }

  /** Resolves when one worker has exited; rejects with the first error. */
  async nextEnd(): Promise<void> {
    await Promise.race(this.#places.values());
  }

  /** Resolves when all workers have exited, with or without an error. */
  async allEnds(): Promise<void> {
    await Promise.allSettled(this.#places.values());
  }

  async #work(place: number): Promise<void> {
    await using connection = new WorkerConnection(this.#openSession, forBatches(this.#share.fill));
    const isWanted = () => place < this.#wanted;
    for (
      let range = this.#ranges.shift();
      range !== undefined;
      range = isWanted() ? this.#ranges.shift() : undefined
    ) {
      const taken = range;
      const rest = await fillRange(connection, this.#share, taken, isWanted).catch((error: unknown) => {
        // A worker process of an earlier run may have taken the range. Its queue is gone by now, so that cannot
        // happen twice.
        if (error instanceof RangeTakenError) return taken;
        throw error;
      });
      if (rest.stripe < STRIPES) this.#ranges.unshift(rest);
    }
    this.#places.delete(place);
  }
}

/**
 * Fills all open ranges with the configured number of workers. Meanwhile it writes and emits the progress, reads the
 * controls, and pauses the workers if the load on the server is too high.
 * @param session watches
 * @param openSession opens a worker's session
 */
export async function fillRanges(
  session: Session,
  share: WorkerShare,
  settings: BackfillSettings,
  openSession: () => Promise<Session>,
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([share.signal, stop.signal]);
  const { fill, pauses, batchSizes, meter, emit } = share;
  const ranges = await readOpenRanges(session, fill);
  const workers = new WorkerPlaces(ranges, { ...share, signal }, openSession);
  try {
    while (!workers.areDone) {
      share.signal.throwIfAborted();
      const controls = await checkThrottles(session, share, settings);
      const progress = meter.progress(batchSizes.rows, pauses.reason);
      emit(progress);
      await publishProgress(session, fill, progress);
      workers.want(controls.workers ?? settings.workers);
      await Promise.race([workers.nextEnd(), pause(TICK_MS, signal)]);
    }
  } finally {
    stop.abort(share.signal.reason);
    await workers.allEnds();
    emit(meter.progress(batchSizes.rows, null));
  }
}
