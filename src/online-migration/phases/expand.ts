import { escapeLiteral } from 'pg';
import { ofEach } from '../attachments/obstacles/each-column.ts';
import { addedObstacles } from '../attachments/obstacles/check-obstacles.ts';
import { addedTriggerObstacles } from '../attachments/obstacles/column-trigger-obstacles.ts';
import { dependentObstacles } from '../attachments/obstacles/dependent-obstacles.ts';
import { joined, planPrivileges } from '../attachments/handover.ts';
import { publicationRights } from '../attachments/obstacles/carried-publication-obstacles.ts';
import { findObstacles } from '../attachments/obstacles/obstacles.ts';
import { viewsOf } from '../attachments/obstacles/view-obstacles.ts';
import { planPublications } from '../attachments/publications.ts';
import { columnAt, columnsAt } from '../attachments/table-column.ts';
import { planTriggers } from '../attachments/triggers/plan-triggers.ts';
import { deleteBackfill } from '../backfill/plan/checkpoint.ts';
import { createState, deleteRecords, dropEmptySchema, dropState } from '../state/tables.ts';
import {
  createBackwardFunction,
  createForwardFunctions,
  dropConversionFunctions,
} from '../sync/conversion-functions.ts';
import { changeNamesOf, namesOf, recordsOf } from '../change/names.ts';
import { type Obstacle, obstacle } from '../change/obstacle.ts';
import { dropKeepTriggers } from '../sync/keeping-trigger.ts';
import { hasKeptValues, isTableDropped, recordChange } from '../state/change-record.ts';
import { asTableOwner } from '../state/owner.ts';
import { forgetPhases } from '../state/phase-ledger.ts';
import { newerStepObstacles } from '../state/schema-step.ts';
import { planOf } from '../postgres/exclusive-lock.ts';
import { readSyncState } from '../sync/sync-state.ts';
import { createSyncFunction, createSyncTriggers, dropSyncTriggers } from '../sync/sync-trigger.ts';
import { inExclusiveTransaction, type PhaseContext, refuseObstacles, requireStage } from './phase.ts';
import { unusedKeptValueObstacles } from './kept-values.ts';
import { planLeftCopies } from './enforce.ts';
import { prepareState } from './prepare-state.ts';
import { requireServerVersion } from './server-version.ts';

/**
 * Expand: adds the new columns and their sync triggers in ONE transaction.
 *
 * 1. Refuse if something depends on a column and cannot be carried over, or if the declaration does not fit the
 *    table.
 * 2. Create the package's tables, the conversion functions and the trigger function, without a lock on the table.
 * 3. ACCESS EXCLUSIVE: add the columns, nullable and without a default (catalog only), and create the triggers. If a
 *    second transaction created the triggers, writes between the two would never reach the new columns.
 */
export async function expand(context: PhaseContext): Promise<void> {
  const { session, change, columns } = context;
  const { table } = changeNamesOf(change);
  await requireServerVersion(context);
  refuseObstacles(context, 'expand', await newerStepObstacles(session));
  // Before the stage, because it can be read only if the declared types exist.
  if ((await readSyncState(session, change)).missing.length > 0) {
    refuseObstacles(context, 'expand', await findObstacles(session, change), 'change');
    refuseObstacles(context, 'expand', await earlierChange(context), 'change');
  }
  await requireStage(context, 'expand', 'initial');
  await prepareState(context, 'expand');
  await inExclusiveTransaction(context, 'expand', {
    before: async () => {
      await createState(session, change);
      if (await isTableDropped(session, changeNamesOf(change).change)) await deleteRecords(session, change);
      await recordChange(session, change, context.ledger);
      // If a table was dropped during a change, its backfill row remains and would look like a later stage.
      await deleteBackfill(session, changeNamesOf(change).change);
      await forgetPhases(session, change);
      await asTableOwner(session, change, async () => {
        for (const column of columns) {
          await createForwardFunctions(session, column);
          await createBackwardFunction(session, column);
          await createSyncFunction(session, column, 'lenient');
        }
      });
    },
    // Applications need the privileges from the switchover on, and subscribers the values that the backfill writes.
    plan: async () => {
      const added = columns.map(
        (column) => `add column ${namesOf(column).newColumn} ${column.newColumn.type}`,
      );
      return joined(
        planOf(`alter table ${table} ${added.join(', ')}`),
        await planPrivileges(session, change, 'old'),
        await planPublications(session, change, 'old', { lists: 'beside' }),
        planOf(...columns.flatMap((column) => createSyncTriggers(column, 'old'))),
      );
    },
    last: () => context.recordInLedger(),
  });
}

/**
 * Reverts expand: drops triggers, functions and new columns in ONE transaction. If a second transaction dropped the
 * columns, the triggers would fail every write between the two. The package does not drop a view or a check on a new
 * column.
 */
export async function revertExpand(context: PhaseContext): Promise<void> {
  const { session, change, columns } = context;
  const { table } = changeNamesOf(change);
  await requireStage(context, 'revert the expand of', 'expanded', 'backfilled');
  await prepareState(context, 'revert the expand of');
  await session.transaction(() => createState(session, change));
  refuseObstacles(context, 'revert the expand of', await unusedKeptValueObstacles(context));
  // Before the lock, because there can be many. None is needed before the next contract.
  await session.withoutStatementTimeout(() => deleteRecords(session, change));
  await inExclusiveTransaction(context, 'revert expand', {
    before: async () => {
      refuseObstacles(context, 'revert the expand of', [
        ...(await ofEach(change, (column) => dependentObstacles(session, columnAt(column, 'new')))),
        ...(await addedObstacles(session, change)),
        ...(await addedTriggerObstacles(session, change)),
        ...(await viewsOf(session, columnsAt(change, 'new'))),
        ...(await publicationRights(session, change, 'new')),
      ]);
      await deleteBackfill(session, changeNamesOf(change).change);
      await dropState(session, change);
    },
    plan: async () => {
      const dropped = columns.map((column) => `drop column ${namesOf(column).newColumn}`);
      return joined(
        planOf(...columns.flatMap((column) => [...dropSyncTriggers(column), ...dropKeepTriggers(column)])),
        await planLeftCopies(session, change),
        await planTriggers(session, change, { lists: 'old' }),
        await planPublications(session, change, 'new', { lists: 'instead' }),
        planOf(
          `alter table ${table} ${dropped.join(', ')}`,
          ...columns.flatMap((column) => dropConversionFunctions(column)),
        ),
      );
    },
    last: async () => {
      await dropEmptySchema(session);
      await context.recordInLedger();
    },
  });
}

/**
 * Values kept under this change's name belong to an earlier change, and reverting this one would delete them. If their
 * table was dropped, nobody needs them.
 */
async function earlierChange({ session, change }: PhaseContext): Promise<Obstacle[]> {
  if (await isTableDropped(session, changeNamesOf(change).change)) return [];
  const obstacles: Obstacle[] = [];
  for (const record of recordsOf(change)) {
    if (!(await hasKeptValues(session, record))) continue;
    obstacles.push(
      obstacle(
        'EARLIER_VALUES_KEPT',
        `Old values of an earlier change are kept under the name ${record}, for its way back: declare a \`name\` of its own for this ` +
          `change. If the earlier change will never be reverted, delete them: ` +
          `\`delete from online_migration.kept_value where change = ${escapeLiteral(record)}\`.`,
        { name: record },
      ),
    );
  }
  return obstacles;
}
