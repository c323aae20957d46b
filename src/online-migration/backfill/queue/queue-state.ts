import type { ColumnChange } from '../../change/column-change.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { changeNamesOf } from '../../change/names.ts';
import { backwardFill, type ChangeFill, forwardFill } from '../plan/fill.ts';
import { hasBookkeeping } from '../plan/progress.ts';
import { hasQueue } from '../plan/queue-schema.ts';
import { STRIPES } from '../plan/stripes.ts';

/**
 * The state of a change's backfill for a worker process:
 * - `none`: no plan;
 * - `done`: a plan without an open range, or a finished one, perhaps of an earlier version;
 * - `withheld`: open ranges but no queue, because the migrating process fills them itself or was stopped;
 * - `handed out`: open ranges and a queue.
 */
export type HandedOut = 'none' | 'done' | 'withheld' | 'handed out';

/** Reads whether there are ranges for a worker process. */
export async function readHandedOut(database: Queryable, change: ColumnChange): Promise<HandedOut> {
  if (!(await hasBookkeeping(database))) return 'none';
  const { rows } = await database.query<{ open: boolean }>(
    `
    select b.finished_at is null and exists (
        select from online_migration.backfill_range r where r.change = b.change and r.stripe < ${STRIPES}
      ) as open
    from online_migration.backfill b
    where b.change = $1`,
    [changeNamesOf(change).change],
  );
  const plan = rows[0];
  if (plan === undefined) return 'none';
  if (!plan.open) return 'done';
  return (await hasQueue(database)) ? 'handed out' : 'withheld';
}

/** The fill of the backfill under way. */
export async function readFill(database: Queryable, change: ColumnChange): Promise<ChangeFill> {
  const { rows } = await database.query<{ direction: ChangeFill['direction'] }>(
    `select direction from online_migration.backfill where change = $1`,
    [changeNamesOf(change).change],
  );
  return rows[0]?.direction === 'backward' ? backwardFill(database, change) : forwardFill(change);
}
