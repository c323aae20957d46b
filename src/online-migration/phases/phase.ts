import type { Emit } from '../change/events.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { columnsAt } from '../attachments/table-column.ts';
import { type ChangedColumns, isRename, isReversible } from '../change/changed-column.ts';
import { missingKeyColumns } from '../state/key-columns.ts';
import { recordLockHold } from '../state/lock-holds.ts';
import { otherLedgerObstacles } from '../state/phase-ledger.ts';
import { editedDeclarationObstacles } from '../state/recorded-declaration.ts';
import type { Ledger } from '../state/recorded-changes.ts';
import { readTriggerOwners } from '../state/trigger-owner.ts';
import { newerStepObstacles } from '../state/schema-step.ts';
import type { MigrationSettings } from './settings.ts';
import { notifyPhase } from '../follow/phase-notification.ts';
import { changeNamesOf } from '../change/names.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';
import { phaseNamesOf } from '../change/phase-name.ts';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import type { Session } from '../postgres/session.ts';
import { readStage, type Stage } from '../observation/stage.ts';
import { type LockedPlan, underExclusiveLock } from '../postgres/exclusive-lock.ts';
import { rowSecurityObstacles } from '../attachments/obstacles/row-obstacles.ts';
import { type Obstacle, obstacle } from '../change/obstacle.ts';

/** SQLSTATEs of a name that another object has. */
const NAME_TAKEN: ReadonlySet<string> = new Set([
  SQLSTATE.duplicateTable,
  SQLSTATE.duplicateObject,
  SQLSTATE.duplicateColumn,
]);

/** The surroundings of a phase. */
export interface PhaseContext {
  readonly change: ColumnChange;
  /** The columns of the change, in the order of the declaration. */
  readonly columns: ChangedColumns;
  /** The connection that runs the phase's statements. */
  readonly session: Session;
  /** Opens another connection, for parallel work. */
  readonly openSession: () => Promise<Session>;
  /** Reports events while the phase runs; `emitTo` makes it from listeners. */
  readonly emit: Emit;
  /** Ends the phase between two of its transactions; running it again continues. */
  readonly signal: AbortSignal;
  /** The ledger that `recordInLedger` writes. A change uses only one ledger. */
  readonly ledger: Ledger;
  /** Finds the reasons in the ledger for which it is not this phase's turn. MikroORM's migrator checks that itself. */
  readonly orderObstacles?: () => Promise<Obstacle[]>;
  /** Records the migration as applied or reverted. It must be called once, in the phase's last transaction. */
  readonly recordInLedger: () => Promise<void>;
  readonly settings: MigrationSettings;
}

/**
 * Refuses a phase if there are obstacles.
 * @param phase the phase's name, for the error
 * @throws PhaseRefusedError if there are any
 */
export function refuseObstacles(
  context: Pick<PhaseContext, 'change'>,
  phase: string,
  obstacles: readonly Obstacle[],
  verb = phase,
): void {
  if (obstacles.length === 0) return;
  throw new PhaseRefusedError(
    'OBSTACLES',
    `Cannot ${verb} ${changeNamesOf(context.change).change}; nothing was changed:\n${obstacles.map(({ message }) => `  ${message}`).join('\n')}`,
    { ...phaseDetails(context, phase), obstacles },
  );
}

/**
 * Refuses a phase that does not fit the database's stage, or that this version of the package or this ledger must not
 * run.
 * @param phase the phase's name, for the error
 * @param allowed the stages that it may start from
 * @returns the stage
 * @throws PhaseRefusedError in any other stage
 */
export async function requireStage(
  context: PhaseContext,
  phase: string,
  ...allowed: Stage[]
): Promise<Stage> {
  refuseObstacles(context, phase, await newerStepObstacles(context.session));
  await refuseEditedDeclaration(context, phase);
  await refuseEditedName(context, phase);
  const stage = await readStage(context.session, context.change);
  // Before expand, a record belongs to a table that was dropped during an earlier change.
  if (stage !== 'initial') {
    const { session, change, ledger } = context;
    refuseObstacles(context, phase, await otherLedgerObstacles(session, change, ledger));
  }
  if (allowed.includes(stage)) {
    if (stage !== 'initial') refuseObstacles(context, phase, (await context.orderObstacles?.()) ?? []);
    // It reads no row.
    if (isRename(context.change)) return stage;
    await refuseMissingKey(context, phase);
    // A row that a policy hides would be neither converted nor compared.
    refuseObstacles(context, phase, await rowSecurityObstacles(context.session, context.change));
    return stage;
  }
  throw new PhaseRefusedError(
    'WRONG_STAGE',
    `Cannot ${phase} ${changeNamesOf(context.change).change}: that starts from the stage ${allowed.join(' or ')}, ` +
      `and the database is at ${stage}. Run the phases in their order: ${phaseNamesOf(context.change).join(', ')}.`,
    { ...phaseDetails(context, phase), stage, allowed },
  );
}

/**
 * Refuses a declaration that was edited while the change is under way. Otherwise the stage would be read from another
 * column.
 * @throws PhaseRefusedError
 */
export async function refuseEditedDeclaration(
  context: Pick<PhaseContext, 'session' | 'change'>,
  phase: string,
): Promise<void> {
  refuseObstacles(context, phase, await editedDeclarationObstacles(context.session, context.change));
}

/** The sync triggers of a change that was begun under another name. */
async function refuseEditedName(context: PhaseContext, phase: string): Promise<void> {
  const { session, change } = context;
  // It has no triggers. Those of the column belong to another change, which is an obstacle.
  if (isRename(change)) return;
  const owners = await readTriggerOwners(session, change);
  const owner = owners.find((name) => name !== changeNamesOf(change).change);
  if (owner === undefined) return;
  refuseObstacles(context, phase, [
    obstacle(
      'DECLARATION_EDITED',
      `The change of ${columnsAt(change, 'old').columns.join(', ')} was begun under the name ${owner}, and its table or its declaration has another ` +
        `name now: declare \`name: '${owner}'\`.`,
      { property: 'name', recorded: owner, declared: changeNamesOf(change).change },
    ),
  ]);
}

/** Another change may have renamed a column of the key, or may do so later. */
async function refuseMissingKey(context: PhaseContext, phase: string): Promise<void> {
  const { session, change } = context;
  const { change: name } = changeNamesOf(change);
  const columns = await missingKeyColumns(session, change);
  if (columns.length === 0) return;
  throw new PhaseRefusedError(
    'KEY_COLUMN_MISSING',
    `Cannot ${phase} ${name}: the table has no column ${columns.join(', ')}, which is in its \`key\`. If ` +
      `another change renames it, carry that out first; otherwise correct \`key\`.`,
    { ...phaseDetails(context, phase), columns },
  );
}

/**
 * Refuses a phase that is impossible for a change that is not reversible.
 * @param phase the phase's name, for the error
 * @throws PhaseRefusedError
 */
export function refuseOneWay(context: PhaseContext, phase: string): void {
  const { change, columns } = context;
  const column = columns.find((one) => !isReversible(one));
  if (column === undefined) return;
  throw new PhaseRefusedError(
    'NOT_REVERSIBLE',
    `Cannot ${phase} ${changeNamesOf(change).change}: it is declared as not reversible, so values written through ` +
      `${column.newColumn.name} are not in ${column.oldColumn.name}. Restore a backup, or declare a separate change for the way back.`,
    phaseDetails(context, phase),
  );
}

/**
 * Runs the catalog changes of a phase in one short transaction under ACCESS EXCLUSIVE on the table, and notifies all
 * listeners. Afterwards it records how long the lock was held.
 * @param purpose the purpose, for events and errors
 * @param statements.before statements of the same transaction before the exclusive lock
 * @param statements.plan prepares the statements under the lock and lists the further tables to lock
 * @param statements.last further statements under the lock: those that need the plan's, and the records of the phase
 * @param statements.isDurable whether the lock lasts until the commit is durable
 */
export async function inExclusiveTransaction(
  context: PhaseContext,
  purpose: string,
  statements: {
    readonly before?: () => Promise<void>;
    readonly plan?: () => Promise<LockedPlan>;
    readonly last?: () => Promise<void>;
    readonly isDurable?: boolean;
  },
): Promise<void> {
  const { session, change, emit, signal, settings } = context;
  const names = changeNamesOf(change);
  const [phase = purpose] = purpose.split(':');
  const milliseconds = await refusingTakenNames(context, phase, () =>
    underExclusiveLock(session, {
      table: names.table,
      purpose,
      change: names.change,
      emit,
      signal,
      settings,
      ...(statements.plan && { plan: statements.plan }),
      ...(statements.last && { last: statements.last }),
      isDurable: statements.isDurable === true,
      before: async () => {
        // PostgreSQL sends it with the commit. Issued before the lock, it takes no time under it.
        await notifyPhase(session, change);
        await statements.before?.();
      },
    }),
  );
  await recordLockHold(session, change, { purpose, mode: 'ACCESS EXCLUSIVE', milliseconds });
}

/**
 * Refuses a phase if another object has a name that its statements give. Expand has looked, but somebody may have taken the
 * name since.
 * @param phase the phase's name, for the error
 * @param body the statements
 * @throws PhaseRefusedError with PostgreSQL's sentence
 */
export async function refusingTakenNames<T>(
  context: Pick<PhaseContext, 'change'>,
  phase: string,
  body: () => Promise<T>,
): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!NAME_TAKEN.has(sqlState(error) ?? '')) throw error;
    const [taken] = (error as Error).message.split('\n');
    throw nameTaken(context, phase, taken!, error);
  }
}

/**
 * The refusal of a phase that needs a taken name.
 * @param taken says that the object exists: `relation "sizes_mirror" already exists`
 */
export function nameTaken(
  context: Pick<PhaseContext, 'change'>,
  phase: string,
  taken: string,
  cause?: unknown,
): PhaseRefusedError {
  return new PhaseRefusedError(
    'NAME_TAKEN_MEANWHILE',
    `Cannot change ${changeNamesOf(context.change).change}: ${taken}, and ${phase} needs that name. Rename the existing object, ` +
      `then run the same command again.`,
    { ...phaseDetails(context, phase), taken },
    { cause },
  );
}
