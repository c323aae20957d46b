import { escapeIdentifier } from 'pg';
import { ofEach } from '../attachments/obstacles/each-column.ts';
import { conversionTypeObstacles } from '../attachments/obstacles/conversion-type-obstacles.ts';
import { type ChangedColumn, DECLARED_AS } from '../change/changed-column.ts';
import { createBackwardFunction, createForwardFunctions } from '../sync/conversion-functions.ts';
import { typeValues, isOfType } from '../change/declared-type.ts';
import { changeNamesOf, namesOf } from '../change/names.ts';
import { recordChange } from '../state/change-record.ts';
import { createState } from '../state/tables.ts';
import { readSyncState } from '../sync/sync-state.ts';
import { createSyncFunction, type SyncMode } from '../sync/sync-trigger.ts';
import { type PhaseContext, refuseObstacles } from './phase.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';
import { prepareState } from './prepare-state.ts';

/**
 * Updates the functions of a change under way from its declaration, so that a correction takes effect with the next
 * phase: for example, a label added to an enum. Also updates the package's tables and the record of the change.
 * @param phase the phase, for the error
 * @throws PhaseRefusedError if the type of a column or of an expression differs from the declaration, or if the role
 *   may not write the package's tables
 */
export async function bringUpToDate(context: PhaseContext, phase: string, mode: SyncMode): Promise<void> {
  const { session, change, columns, settings } = context;
  await refuseOtherTypes(context, phase);
  refuseObstacles(context, phase, await ofEach(change, (column) => conversionTypeObstacles(session, column)));
  await prepareState(context, phase);
  await session.transaction(async () => {
    await session.query(`set local lock_timeout = ${settings.lockTimeoutMs}`);
    await createState(session, change);
    await recordChange(session, change, context.ledger);
    for (const column of columns) {
      await createForwardFunctions(session, column);
      await createBackwardFunction(session, column);
      await createSyncFunction(session, column, mode);
    }
  });
}

/**
 * Refuses a phase if writes may bypass the sync triggers.
 * @param options.withKeeping also checks the triggers that keep old values
 * @param options.since the version of the triggers from an earlier call; also refuses if they were altered since
 * @returns the version of the triggers
 * @throws PhaseRefusedError that names the triggers
 */
export async function requireSyncTriggers(
  context: PhaseContext,
  phase: string,
  options: { readonly withKeeping?: boolean; readonly since?: string } = {},
): Promise<string> {
  const { session, change } = context;
  const { missing, silent, version } = await readSyncState(session, change, options);
  const { table, change: name } = changeNamesOf(change);
  if (missing.length > 0) {
    throw new PhaseRefusedError(
      'SYNC_TRIGGER_MISSING',
      `Cannot ${phase} ${name}: the sync trigger ${missing.join(', ')} is missing, so rows written meanwhile would be left ` +
        `behind. ${remedyOf(phase)}`,
      { ...phaseDetails(context, phase), triggers: missing },
    );
  }
  if (silent.length > 0) {
    const list = silent.map((trigger) => `enable always trigger ${escapeIdentifier(trigger)}`).join(', ');
    const statement = `alter table ${table} ${list}`;
    throw new PhaseRefusedError(
      'SYNC_TRIGGER_SILENT',
      `Cannot ${phase} ${name}: the sync trigger ${silent.join(', ')} does not fire for every write; \`disable trigger all\` and ` +
        `\`enable trigger all\` leave it so. Run \`${statement}\`, then the same command again. The columns are ` +
        `compared before one of them is given up.`,
      { ...phaseDetails(context, phase), triggers: silent, statement },
    );
  }
  if (options.since !== undefined && options.since !== version) {
    throw new PhaseRefusedError(
      'SYNC_TRIGGER_ALTERED',
      `Cannot ${phase} ${name}: while the columns were compared, a sync trigger was disabled and enabled again, or a partition ` +
        `was attached or detached. Run the same command again, it compares them anew.`,
      phaseDetails(context, phase),
    );
  }
  return version;
}

/** Expand creates the triggers. After enforce, it can no longer be reverted. */
function remedyOf(phase: string): string {
  if (phase === 'revert the contract of') {
    return 'Run rename, which drops the old column that is only partly filled. Then revert rename and contract again.';
  }
  if (phase === 'contract' || phase === 'revert the enforce of') {
    return 'Run the same command again, it creates the trigger and compares the columns.';
  }
  return 'Revert expand, then run it again.';
}

async function refuseOtherTypes(context: PhaseContext, phase: string): Promise<void> {
  for (const column of context.columns) await refuseOtherType(context, phase, column);
}

async function refuseOtherType(context: PhaseContext, phase: string, change: ChangedColumn): Promise<void> {
  const { session } = context;
  const { table, change: name } = namesOf(change);
  for (const side of ['oldColumn', 'newColumn'] as const) {
    const found = await readOtherType(session, table, change[side]);
    if (found === null) continue;
    throw new PhaseRefusedError(
      'COLUMN_TYPE_DIFFERS',
      `Cannot ${phase} ${name}: ${change[side].name} is ${found}, and the declaration says ${change[side].type}. Correct ` +
        `\`${DECLARED_AS[side]}.type\`; to change to another type, revert expand first.`,
      { ...phaseDetails(context, phase), column: change[side].name, declared: change[side].type, found },
    );
  }
}

/** The actual type of a column, if the column exists and has another type than declared. */
async function readOtherType(
  database: PhaseContext['session'],
  table: string,
  { name, type }: ChangedColumn['oldColumn'],
): Promise<string | null> {
  const { rows } = await database.query<{ type: string }>(
    `
    select format_type(a.atttypid, a.atttypmod) as type
    from pg_catalog.pg_attribute a
    where a.attrelid = to_regclass($1) and a.attname = $2 and not a.attisdropped and not ${isOfType('a', '$3', '$4')}`,
    [table, name, ...typeValues(type)],
  );
  return rows[0]?.type ?? null;
}
