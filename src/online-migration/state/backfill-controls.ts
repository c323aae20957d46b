import type { Queryable } from '../postgres/queryable.ts';

/** Settings that people can change in the backfill's row while it runs. */
export interface Controls {
  readonly paused: boolean;
  /** Target duration of a batch, in milliseconds; null for the configured value. */
  readonly batchMs: number | null;
  /** Number of workers in the migrating process; null for the configured value. */
  readonly workers: number | null;
}

/** Reads the controls of a change's backfill. */
export async function readControls(database: Queryable, change: string): Promise<Controls> {
  const { rows } = await database.query<{ paused: boolean; batch_ms: number | null; workers: number | null }>(
    `select paused, batch_ms, workers from online_migration.backfill where change = $1`,
    [change],
  );
  const row = rows[0];
  return { paused: row?.paused ?? false, batchMs: row?.batch_ms ?? null, workers: row?.workers ?? null };
}

/**
 * Changes the given controls; the others keep their values. The controls of a finished backfill remain until the
 * change's contract, because later phases obey `paused` too.
 * @returns whether there is a backfill to control
 */
export async function writeControls(
  database: Queryable,
  change: string,
  { paused, batchMs, workers }: Partial<Controls>,
): Promise<boolean> {
  const { rowCount } = await database.query(
    `
    update online_migration.backfill
    set paused = coalesce($2, paused), batch_ms = coalesce($3, batch_ms), workers = coalesce($4, workers)
    where change = $1`,
    [change, paused ?? null, batchMs ?? null, workers ?? null],
  );
  return rowCount === 1;
}
