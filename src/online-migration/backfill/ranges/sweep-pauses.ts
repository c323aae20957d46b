import type { Emit } from '../../change/events.ts';
import { pause } from '../../postgres/pause.ts';
import type { Session } from '../../postgres/session.ts';
import type { BackfillWork } from '../plan/backfill-work.ts';
import type { BatchSizes } from '../throttle/batch-size.ts';
import type { NiceRatio } from '../throttle/nice-ratio.ts';
import type { Meter } from './meter.ts';

/** Interval between two tries of locked rows, and between two looks at the controls and the load. */
const TRY_MS = 250;

/** Input of the sweep besides its session. The workers of its process have used the same objects before. */
export interface SweepSurroundings {
  readonly fill: BackfillWork;
  readonly batchSizes: BatchSizes;
  readonly nice: NiceRatio;
  readonly meter: Meter;
  /** Ends it between two transactions. */
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /**
   * Reads the controls and the load on the application, and shows the reason for waiting.
   * @param otherReason the reason if neither applies; null if it does not wait
   * @returns whether one of the two applies
   */
  readonly isHeldBack: (session: Session, otherReason: string | null) => Promise<boolean>;
}

/** Waits while the controls or the load require it. */
export async function untilNotHeldBack(session: Session, surroundings: SweepSurroundings): Promise<void> {
  while (await surroundings.isHeldBack(session, null)) await pause(TRY_MS, surroundings.signal);
}

/**
 * Returns a function that waits like {@link untilNotHeldBack}, but looks only if the last look was a quarter of a second ago or more.
 * The first look was made just before.
 */
export function pausesBetweenBatches(session: Session, surroundings: SweepSurroundings): () => Promise<void> {
  let lookedAt = performance.now();
  return async () => {
    if (performance.now() - lookedAt < TRY_MS) return;
    await untilNotHeldBack(session, surroundings);
    lookedAt = performance.now();
  };
}

/**
 * Waits briefly, and longer while the controls or the load require it.
 * @param reason the reason for the brief wait
 */
export async function untilNextTry(
  session: Session,
  { isHeldBack, signal }: SweepSurroundings,
  reason: string,
): Promise<void> {
  do await pause(TRY_MS, signal);
  while (await isHeldBack(session, reason));
}
