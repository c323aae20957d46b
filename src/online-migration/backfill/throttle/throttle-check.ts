import type { Session } from '../../postgres/session.ts';
import { type Controls, readControls } from '../../state/backfill-controls.ts';
import { countBusySessions } from './nice-ratio.ts';
import type { BackfillSettings } from './settings.ts';
import { findThrottleReason } from './throttles.ts';
import type { WorkerShare } from '../ranges/range-worker.ts';

/**
 * One look at what holds the workers of this process back: sets their pace, opens or closes their gate, and says so where
 * that has changed; and makes way for whoever waits for the table.
 * @param session runs a few short statements
 * @param otherReason asked where neither people nor the application's strain are a reason to wait
 * @returns what people want
 */
export async function look(
  session: Session,
  { fill, gate, paces, nice, hold, log }: WorkerShare,
  settings: BackfillSettings,
  otherReason: () => Promise<string | null> = async () => null,
): Promise<Controls> {
  const controls = await readControls(session, fill.names.change);
  await hold.makeWay();
  nice.observe(await countBusySessions(session));
  paces.targetMs = nice.shorten(controls.batchMs ?? settings.batchMs);
  const reason = controls.paused ? 'paused by hand' : await findThrottleReason(session, settings.throttle);
  if (gate.set(reason ?? (await otherReason()))) {
    log(gate.reason === null ? 'backfill: goes on' : `backfill: waits, ${gate.reason}`);
  }
  return controls;
}
