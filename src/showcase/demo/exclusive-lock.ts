import type { Connection } from '../harness/connection.ts';
import type { Timeline } from '../harness/timeline.ts';

/**
 * Carries out one transaction under ACCESS EXCLUSIVE on the table; the timeline has it from the moment at which the lock is
 * granted, as the migrations of this project count it too.
 */
export async function underExclusiveLock(
  connection: Connection,
  timeline: Timeline,
  purpose: string,
  work: () => Promise<unknown>,
): Promise<void> {
  await connection.query(`begin`);
  await connection.query(`lock table public.large_record in access exclusive mode`);
  await timeline.locked({ purpose, mode: 'ACCESS EXCLUSIVE' }, async () => {
    await work();
    await connection.query(`commit`);
  });
}
