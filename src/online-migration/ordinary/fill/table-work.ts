import { planTriggers, setReplicationRole, type TriggerPlan } from '../../backfill/batch/firing-triggers.ts';
import { BackfillError } from '../../backfill/plan/backfill-error.ts';
import type { BackfillWork, BatchRows } from '../../backfill/plan/backfill-work.ts';
import { advanceSweep } from '../../backfill/plan/checkpoint.ts';
import { isLockConflict } from '../../postgres/database-error.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { Session } from '../../postgres/session.ts';
import {
  fillEach,
  findRows,
  isRefusal,
  isToFill,
  type RowsToFill,
  updateBatch,
  updateUnlockedOfBatch,
} from './fill-rows.ts';
import { aliasOf, type TableFill } from './table-fill.ts';

/** The application may write new rows that match as long as it runs. */
const MOST_SWEEPS = 5;

/**
 * The work of a fill: rows are updated by the expressions of its author. A row that cannot be filled is left out, and named at the end.
 * @param migration its name; it has one fill at a time
 */
export function tableWork(migration: string, rows: RowsToFill): BackfillWork {
  const { fill, target } = rows;
  const identity = { direction: 'forward', names: { change: migration, table: target.table } } as const;
  return {
    ...identity,
    alias: aliasOf(fill),
    mostSweeps: MOST_SWEEPS,
    isOnePass: rows.isOnePass,
    report: async (session, emit) => {
      if (fill.triggers !== 'silent') return;
      const { silent } = await planSilence(session, fill, target.table);
      if (silent.length === 0) return;
      const triggers = [...new Set(silent.map(({ name }) => name))];
      emit({
        type: 'triggers-silenced',
        change: migration,
        triggers,
        message: `${migration}: triggers that do not fire for the fill (session_replication_role = replica): ${triggers.join(', ')}`,
      });
    },
    prepare: async (session) => {
      if (fill.triggers !== 'silent') return;
      const { role } = await planSilence(session, fill, target.table);
      await setReplicationRole(session, role);
    },
    fillBatch: (session, batch, checkpoint) => fillBatch(session, rows, batch, checkpoint),
    isUnfilled: () => isToFill(rows),
    settle: async (session, leaf, tids) => {
      try {
        const done = await fillEach(session, rows, leaf, tids, (filled) =>
          advanceSweep(session, identity, filled),
        );
        return done.filled + done.failed;
      } catch (error) {
        if (isLockConflict(error)) return 0;
        throw error;
      }
    },
    // A row of this kind has failed in `settle`.
    refuseWithoutEffect: async () => undefined,
  };
}

/** Fills a batch; row by row if one of its rows cannot be filled. */
async function fillBatch(
  session: Session,
  rows: RowsToFill,
  batch: BatchRows,
  checkpoint: (rowsFilled: number) => Promise<void>,
): Promise<number> {
  const attempt = (update: typeof updateBatch) =>
    session.transaction(async () => {
      const filled = await update(session, rows, batch);
      await checkpoint(filled);
      return filled;
    });
  try {
    return await attempt(updateBatch).catch((error: unknown) => {
      if (!isLockConflict(error)) throw error;
      return attempt(updateUnlockedOfBatch);
    });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const tids = await findRows(session, rows, batch);
    const { filled } = await fillEach(session, rows, batch.leaf, tids, async () => undefined);
    await checkpoint(filled);
    return filled;
  }
}

/** @throws BackfillError if the triggers cannot be silent */
async function planSilence(database: Queryable, fill: TableFill, table: string): Promise<TriggerPlan> {
  const plan = await planTriggers(database, {
    table,
    columns: Object.keys(fill.set),
    declared: [],
    ifItMayFire: "or, if it may fire, leave `triggers: 'silent'` out.",
  });
  if (plan.role !== null) return plan;
  throw new BackfillError(
    'TRIGGERS_WOULD_FIRE',
    `The fill of ${table} cannot keep the triggers silent:\n` +
      plan.obstacles.map(({ message }) => `  ${message}`).join('\n'),
    { table, obstacles: plan.obstacles },
  );
}
