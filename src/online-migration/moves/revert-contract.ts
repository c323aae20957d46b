import { planValueHandover, runPlan } from '../attachments/handover.ts';
import { mirrorAttachments } from './mirror-attachments.ts';
import { finishBackfill } from '../backfill/checkpoint.ts';
import { planBackfill } from '../backfill/plan.ts';
import { backwardFill } from '../backfill/fill.ts';
import { requireTriggerPlan } from '../backfill/firing-triggers.ts';
import { findLeaves } from '../backfill/leaves.ts';
import { createBackwardFunction, createForwardFunctions } from '../conversion-functions.ts';
import { addFilledCheck, declareFilled, declareFilling, validateFilledCheck } from '../filled-column.ts';
import { namesOf } from '../names.ts';
import { describeRow } from '../row-key.ts';
import { findKeptValues, recordChange } from '../state/change-record.ts';
import { asTableOwner } from '../state/owner.ts';
import { createState } from '../state/tables.ts';
import { createSyncFunction, createSyncTriggers } from '../sync-trigger.ts';
import { readTableShape } from '../table-shape.ts';
import { fillAndReport } from './fill-and-report.ts';
import { refuseAttached } from './refuse-obstacles.ts';
import { bringUpToDate, requireSyncTriggers } from './sync-guard.ts';
import { awaitSwitchover } from './switchover-gate.ts';
import {
  inStrongTransaction,
  type MoveContext,
  MoveRefusedError,
  refuseOneWay,
  requireStage,
} from './move.ts';

const NAMED_ROWS = 10;

/**
 * The way back of contract: the old column again, with every value letter by letter.
 *
 * 1. Wait until no live process of the application uses the new column under the name that the old one gets again.
 * 2. ONE transaction under ACCESS EXCLUSIVE: add the old column, nullable, and the trigger that watches both columns.
 * 3. Fill it in short transactions: from the kept values, else from the new column. A run that was ended goes on.
 * 4. For the old column what hangs on the new one: indexes and foreign keys, beside reads and writes.
 * 5. The not-null check, validated beside reads and writes.
 * 6. ONE transaction under ACCESS EXCLUSIVE: NOT NULL, drop the check; the default or the numbers come to the old column.
 */
export async function revertContract(context: MoveContext): Promise<void> {
  const { session, change } = context;
  const names = namesOf(change);
  await requireStage(context, 'revert the contract of', 'contracted');
  refuseOneWay(context, 'revert the contract of');
  await refuseAttached(context, 'revert the contract of', 'new');
  await refuseLostValues(context);
  await session.transaction(async () => {
    await createState(session, change);
    await recordChange(session, change);
  });
  const fill = await backwardFill(session, change);
  await requireTriggerPlan(session, fill);
  const leaves = await findLeaves(session, names.table);
  const { oldColumn } = await readTableShape(session, change);
  if (oldColumn === null) {
    await awaitSwitchover(context, 'revert the contract of', 'renamed', context.settings.switchoverWaitMs);
    await inStrongTransaction(context, 'revert contract: add the old column', {
      before: async () => {
        await asTableOwner(session, change, async () => {
          await createForwardFunctions(session, change);
          await createBackwardFunction(session, change);
          await createSyncFunction(session, change, 'strict');
        });
      },
      locked: async () => {
        await session.query(
          `alter table ${names.table} add column ${names.oldColumn} ${change.oldColumn.type}`,
        );
        await declareFilling(session, change);
        await createSyncTriggers(session, change, 'both');
        await planBackfill(session, fill, leaves);
      },
    });
  }
  await requireSyncTriggers(context, 'revert the contract of');
  await bringUpToDate(context, 'revert the contract of', 'strict');
  await fillAndReport(context, fill);
  await reportUnusedKeptValues(context);
  await refuseUnfillable(context);
  await mirrorAttachments(context, 'revert contract', 'new');
  await inStrongTransaction(context, 'revert contract: add the not-null check', {
    locked: () => addFilledCheck(session, change, 'old'),
  });
  await validateFilledCheck(session, change);
  await inStrongTransaction(context, 'revert contract: set not null', {
    plan: () => planValueHandover(session, change, 'new'),
    locked: async (plan) => {
      await declareFilled(session, change, 'old');
      await runPlan(session, plan);
      await finishBackfill(session, fill);
      await context.recordInLedger();
    },
  });
}

/** Values that only the new type has can have been written while the old column was gone. */
async function refuseUnfillable({ session, change }: MoveContext): Promise<void> {
  const { change: name, table, lastingKey, oldColumn, newColumn } = namesOf(change);
  const { rows } = await session.withoutStatementTimeout(() =>
    session.query<{ key: string; value: string }>(`
    select ${lastingKey.text('t')} as key, t.${newColumn}::text as value
    from ${table} t
    where ${oldColumn} is null and ${newColumn} is not null
    limit ${NAMED_ROWS}`),
  );
  if (rows.length === 0) return;
  throw new MoveRefusedError(
    `Cannot revert the contract of ${name}: some values have no equal of type ${change.oldColumn.type}. Some of these rows:\n` +
      `${rows.map((row) => `  ${describeRow(change, row.key)}: ${row.value}`).join('\n')}\n` +
      `Correct ${change.newColumn.name} in these rows, then run the same command again.`,
  );
}

/** Without what contract has kept, some old values would come back as the conversion writes them, and nobody would notice. */
async function refuseLostValues({ session, change }: MoveContext): Promise<void> {
  const { change: name } = namesOf(change);
  const accepted = `kept values of ${name}`;
  if ((await findKeptValues(session, change)) !== 'gone' || change.reviewed?.includes(accepted)) return;
  throw new MoveRefusedError(
    `Cannot revert the contract of ${name}; nothing was changed: the record of the change in online_migration is gone, and with ` +
      `it the old values that cannot be rebuilt from the new ones. Restore the schema online_migration from a backup. To go ` +
      `back without them, add ${JSON.stringify(accepted)} to \`reviewed\` in the declaration.`,
  );
}

/** A row that got another key after contract is not found by what was kept of it; what was kept stays until expand is reverted. */
async function reportUnusedKeptValues({ session, change, log }: MoveContext): Promise<void> {
  const { change: name, table, lastingKey } = namesOf(change);
  if (!lastingKey.lasts) return;
  const { rows } = await session.withoutStatementTimeout(() =>
    session.query<{ count: string; samples: string }>(
      `
      select count(*) as count, string_agg(k.key, ', ') filter (where k.place <= ${NAMED_ROWS}) as samples
      from (select key, row_number() over () as place from online_migration.kept_value where change = $1) as k
      where not exists (select from ${table} t where ${lastingKey.text('t')} = k.key)`,
      [name],
    ),
  );
  const { count, samples } = rows[0]!;
  if (count === '0') return;
  log(
    `revert contract: ${count} kept values belong to no row, such as ${samples}: these rows were deleted, or have another key ` +
      `now and got a rebuilt value. The values stay in online_migration.kept_value until expand is reverted.`,
  );
}
