import type { Connection } from '../harness/connection.ts';
import type { Timeline } from '../harness/timeline.ts';

/**
 * Runs a transaction under ACCESS EXCLUSIVE on the table. The timeline records the lock from its grant, as the events
 * of this project's migrations do.
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
