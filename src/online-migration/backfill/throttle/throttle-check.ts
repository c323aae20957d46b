import type { Emit } from '../../change/events.ts';
import type { Session } from '../../postgres/session.ts';
import { type Controls, readControls } from '../../state/backfill-controls.ts';
import type { BackfillIdentity } from '../plan/backfill-work.ts';
import type { AutovacuumHold } from '../space/autovacuum-hold.ts';
import type { BatchSizes } from './batch-size.ts';
import { countBusySessions, type NiceRatio } from './nice-ratio.ts';
import type { BackfillSettings } from './settings.ts';
import { readApiP99 } from './api-latency.ts';
import { findThrottleReason } from './throttles.ts';
import type { WorkerPauses } from './worker-pause.ts';

/** The reason of a pause that a person has asked for. */
export const PAUSED_BY_HAND = 'paused by hand';

/** The state of a process's workers that a check changes. */
export interface Throttled {
  readonly fill: BackfillIdentity;
  readonly pauses: WorkerPauses;
  readonly batchSizes: BatchSizes;
  readonly nice: NiceRatio;
  readonly hold: AutovacuumHold;
  readonly emit: Emit;
}

/**
 * Checks once whether the workers of this process should slow down or pause: sets the duration of their batches, starts or ends
 * their pause and reports it, and releases the lock against autovacuum if another session waits for the table.
 * @param session runs a few short statements
 * @param otherReason asked if neither the controls nor a throttle are a reason to pause
 * @returns the controls as they were read
 */
export async function checkThrottles(
  session: Session,
  { fill, pauses, batchSizes, nice, hold, emit }: Throttled,
  settings: BackfillSettings,
  otherReason: () => Promise<string | null> = async () => null,
): Promise<Controls> {
  const { change } = fill.names;
  const controls = await readControls(session, change);
  await hold.giveWay();
  nice.observe(await countBusySessions(session));
  const { apiLatencyUrl } = settings.throttle;
  const apiP99Ms = apiLatencyUrl === null ? null : await readApiP99(apiLatencyUrl);
  if (apiP99Ms !== null) nice.observeLatency(apiP99Ms, pauses.reason !== null);
  batchSizes.targetMs = nice.shorten(controls.batchMs ?? settings.batchMs);
  const reason = controls.paused
    ? PAUSED_BY_HAND
    : await findThrottleReason(session, settings.throttle, apiP99Ms);
  if (pauses.set(reason ?? (await otherReason()))) {
    emit(
      pauses.reason === null
        ? { type: 'backfill-resumed', change, message: 'backfill: continues' }
        : {
            type: 'backfill-paused',
            change,
            reason: pauses.reason,
            message: `backfill: waits, ${pauses.reason}`,
          },
    );
  }
  return controls;
}
