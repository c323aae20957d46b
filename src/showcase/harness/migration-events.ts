import type { BackfillFinished, OnlineMigrationEvent } from 'online-migration';

/** A period during which a migration held ACCESS EXCLUSIVE on the table. */
export interface LockHold {
  /** The migration's number: `0002`. */
  readonly migration: string;
  /** Purpose of the lock. */
  readonly purpose: string;
  readonly heldMs: number;
}

/** The locks of a run of `npx mikro-orm migration:up` or `migration:down`, with their migrations. */
export function lockHoldsOf(events: readonly OnlineMigrationEvent[]): LockHold[] {
  const holds: LockHold[] = [];
  let migration = '';
  for (const event of events) {
    if (event.type === 'migration-started') migration = event.migration.slice(0, 4);
    if (event.type === 'lock-held') holds.push({ migration, purpose: event.purpose, heldMs: event.heldMs });
  }
  return holds;
}

/**
 * The batches of the backfill in a run.
 * @throws Error if no backfill finished in this run, or if worker processes filled its ranges
 */
export function batchesOf(events: readonly OnlineMigrationEvent[]): NonNullable<BackfillFinished['batches']> {
  const finished = events.find((event) => event.type === 'backfill-finished');
  if (finished?.batches) return finished.batches;
  throw new Error(
    `The run has no event with the batches of a backfill. Its events: ${events.map(({ type }) => type).join(', ')}.`,
  );
}

/** Seconds in which a run filled a column, forward or backward; null if it filled none. */
export function backfillSecondsOf(events: readonly OnlineMigrationEvent[]): number | null {
  return events.find((event) => event.type === 'backfill-finished')?.seconds ?? null;
}
