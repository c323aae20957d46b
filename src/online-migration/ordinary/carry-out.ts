import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { Emit } from '../change/events.ts';
import type { LockMode } from '../postgres/lock-blockers.ts';
import type { MigrationSettings } from '../phases/settings.ts';
import { lockBesideTraffic } from '../postgres/autovacuum-patience.ts';
import { untilLocked } from '../postgres/lock-retries.ts';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import type { Session } from '../postgres/session.ts';
import { firstLine, onOneLine } from '../sql/statements.ts';
import { awaitOlderProcesses } from './older-processes.ts';
import { carryOutFill } from './fill/carry-out-fill.ts';
import type { Part } from './parts.ts';
import { beginProgress, endProgress, type Progress, readProgress, recordProgress } from './progress.ts';
import { readIndex, runOutside } from './run-outside.ts';
import type { SettingStep, Step, Transactional } from './planning/step.ts';

/** How long a statement may last beyond its lock waits. It only changes the catalog, or it is unknown. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** How much of its statements the log of a step shows. */
const SHOWN_LENGTH = 200;

/** One run of an ordinary migration. */
export interface MigrationRun {
  /** Its name in the ledger. */
  readonly migration: string;
  readonly direction: 'up' | 'down';
  /** As they are written. */
  readonly statements: readonly Part[];
  /** Makes the plan. It is not called for a migration that was interrupted. */
  readonly plan: () => Promise<readonly Step[]>;
  readonly session: Session;
  /** Opens another session like it, before any statement of the migration. Only a fill needs it. */
  readonly openSession: () => Promise<Session>;
  readonly settings: MigrationSettings;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Writes the ledger, in the transaction that is open on the session. */
  readonly recordInLedger: () => Promise<void>;
}

/**
 * Carries out an ordinary migration.
 *
 * 1. A migration that was interrupted goes on by the plan that it began with. A new one is planned.
 * 2. Each step has a transaction of its own, or none. Its transaction has a short lock timeout: when it is over, the transaction is
 *    rolled back, and tried again after a pause.
 * 3. The transaction of a step also records the progress, and that of the last one writes the ledger. A step outside of a transaction
 *    is recorded before it begins and after it: in between, the catalog tells whether it is done.
 *
 * Killed anywhere, the same command goes on.
 *
 * @throws OnlineMigrationError with a step that failed, and the steps that are done
 */
export async function carryOut(run: MigrationRun): Promise<void> {
  const { session, migration, statements } = run;
  const interrupted = await readProgress(session, run, statements);
  const steps = interrupted?.steps ?? (await run.plan());
  const isOne = steps.every(
    ({ kind }, index) =>
      kind === 'find' || kind === 'setting' || (index === steps.length - 1 && isTransactional(kind)),
  );
  if (interrupted === null && !isOne) {
    await session.transaction(() => beginProgress(session, run, statements, steps));
  }
  const isRecorded = interrupted !== null || !isOne;
  const state: Progress = interrupted ?? { steps, done: 0, begun: 0 };
  for (const {
    kind,
    statements: [setting],
  } of steps.slice(0, state.done)) {
    if (kind === 'setting') await session.query(setting);
  }
  const isOtherRole = setsRole(steps);
  for (let index = state.done; index < steps.length; index++) {
    run.signal.throwIfAborted();
    const step = steps[index]!;
    const isLast = index === steps.length - 1;
    const record = async () => {
      if (isOtherRole) await session.query(`set local role none`);
      if (isLast) {
        if (isRecorded) await endProgress(session, migration);
        await run.recordInLedger();
      } else if (isRecorded) {
        await recordProgress(session, migration, { done: index + 1, begun: index + 1 });
      }
    };
    await awaitOlderProcesses(step, { ...run, waitMs: run.settings.switchoverWaitMs });
    const began = performance.now();
    try {
      if (step.kind === 'find') await refuseFound(run, step, doneBefore(steps, index));
      await carryOutStep(run, step, {
        hasBegun: state.begun > index,
        isOtherRole,
        index,
        settings: steps.slice(0, index).filter((before) => before.kind === 'setting'),
        record,
      });
    } catch (error) {
      throw named(run, error, step, index, steps);
    }
    const milliseconds = performance.now() - began;
    run.emit({
      type: 'migration-step',
      migration,
      step: index + 1,
      steps: steps.length,
      statements: step.statements,
      lock: step.lock,
      milliseconds,
      message: `${migration}: step ${index + 1} of ${steps.length} in ${Math.round(milliseconds)} ms${lockOf(step)}: ${onOneLine(step.statements.join('; '), SHOWN_LENGTH)}`,
    });
  }
  if (steps.length === 0) await session.transaction(() => run.recordInLedger());
}

interface StepRun {
  /** Whether an earlier run began the step and did not record its end. */
  readonly hasBegun: boolean;
  /** Whether the migration sets a role. It may have no right on the progress. */
  readonly isOtherRole: boolean;
  readonly index: number;
  /** The steps before it that alter the session. */
  readonly settings: readonly SettingStep[];
  readonly record: () => Promise<void>;
}

async function carryOutStep(run: MigrationRun, step: Step, stepRun: StepRun): Promise<void> {
  const { hasBegun, isOtherRole, index, settings, record } = stepRun;
  const { session, migration } = run;
  if (await isOfGonePartition(session, step)) return session.transaction(record);
  switch (step.kind) {
    case 'find':
      return session.transaction(record);
    case 'setting':
      await session.query(step.statements[0]);
      return session.transaction(record);
    case 'validate':
      return session.withoutStatementTimeout(async () => {
        for (const statement of step.statements) await session.query(statement);
        await record();
      });
    case 'together':
    case 'locked':
      return inLockedTransaction(run, step, record);
    case 'fill':
      return carryOutFill(
        {
          ...run,
          settings: run.settings.backfill,
          setBefore: settings.map(({ statements }) => statements[0]),
        },
        step,
        { ...stepRun, begin: () => recordProgress(session, migration, { done: index, begun: index + 1 }) },
      );
    case 'build-index':
    case 'drop-index':
    case 'detach-partition':
    case 'reindex':
    case 'outside': {
      const recordBegun = (begun: number) =>
        session.transaction(async () => {
          if (isOtherRole) await session.query(`set local role none`);
          await recordProgress(session, migration, { done: index, begun });
        });
      const isOfOthers =
        step.kind === 'build-index' && !hasBegun && (await readIndex(session, step.index)) === true;
      if (!isOfOthers) await recordBegun(index + 1);
      try {
        await runOutside({ ...run, purpose: purposeOf(run, step), hasBegun }, step);
      } catch (error) {
        // If the name was taken, the next run must not take the other index for its own.
        if (step.kind === 'build-index' && sqlState(error) === SQLSTATE.duplicateTable && !isOfOthers)
          await recordBegun(index);
        throw error;
      }
      return session.transaction(record);
    }
  }
}

/** Whether a step is for a partition that was dropped or detached since the plan was made. */
async function isOfGonePartition(session: Session, step: Step): Promise<boolean> {
  const wanted = 'onlyIfPartition' in step ? step.onlyIfPartition : undefined;
  if (wanted === undefined) return false;
  const { rows } = await session.query(
    `select from pg_catalog.pg_inherits where inhrelid = to_regclass($1) and inhparent = to_regclass($2)`,
    [wanted.partition, wanted.parent],
  );
  return rows.length === 0;
}

async function inLockedTransaction(
  run: MigrationRun,
  step: Transactional,
  record: () => Promise<void>,
): Promise<void> {
  const { session, settings } = run;
  const { lockTimeoutMs } = settings;
  await untilLocked(session, { ...run, purpose: purposeOf(run, step) }, async (leftMs, waitsFor, number) => {
    waitsFor({ relations: step.relations, mode: modeOf(step), timeoutMs: lockTimeoutMs });
    // A statement that locks no table in use may take its time.
    const inTransaction = (body: () => Promise<void>) =>
      step.lock === null || step.mayLast ? session.withoutStatementTimeout(body) : session.transaction(body);
    await inTransaction(async () => {
      if (number > 1) await lockBesideTraffic(session, step.relations, leftMs);
      await session.query(`set local lock_timeout = ${Math.ceil(lockTimeoutMs)}`);
      if (step.lock !== null && !step.mayLast) {
        await session.query(
          `set local statement_timeout = ${Math.ceil(STATEMENT_TIMEOUT_MS + lockTimeoutMs)}`,
        );
      }
      for (const statement of step.statements) await session.script(statement);
      await record();
    });
  });
}

function purposeOf({ migration }: MigrationRun, { statements }: Step): string {
  return `${migration}: ${firstLine(statements[0] ?? '')}`;
}

async function refuseFound(
  run: MigrationRun,
  step: Extract<Step, { kind: 'find' }>,
  done: string,
): Promise<void> {
  const { session, migration } = run;
  const { rows } = await session.withoutStatementTimeout(() =>
    session.query<{ found: string }>(step.statements[0]),
  );
  if (rows.length === 0) return;
  const found = rows.map((row) => row.found);
  throw new OnlineMigrationError(
    'ROWS_IN_THE_WAY',
    `${step.refusal} Among them: ${found.join('; ')}. ${done}Then run the same command again.`,
    { migration, rows: found },
  );
}

/** Adds the place to an error of PostgreSQL. */
function named(
  run: MigrationRun,
  error: unknown,
  step: Step,
  index: number,
  steps: readonly Step[],
): unknown {
  if (error instanceof OnlineMigrationError || !(error instanceof Error) || run.signal.aborted) return error;
  return new OnlineMigrationError(
    'MIGRATION_STEP_FAILED',
    `${run.migration} failed in step ${index + 1} of ${steps.length}, \`${firstLine(step.statements.at(-1)!)}\`: ${error.message}. ` +
      (doneBefore(steps, index) || 'Nothing was changed. ') +
      'Run the same command again when the cause is gone.',
    { migration: run.migration, step: index + 1, steps: steps.length },
    { cause: error },
  );
}

/** The sentence that lists the steps before one; empty if they have changed nothing. */
function doneBefore(steps: readonly Step[], index: number): string {
  const done = steps.slice(0, index).filter(({ kind }) => kind !== 'find');
  const list = done.map(({ statements }) => `\`${firstLine(statements.at(-1)!)}\``).join(', ');
  return done.length === 0 ? '' : `The steps before it are done: ${list}. `;
}

function setsRole(steps: readonly Step[]): boolean {
  return steps.some(({ kind, statements }) => kind === 'setting' && /\brole\b/i.test(statements[0]));
}

function isTransactional(kind: Step['kind']): boolean {
  return kind === 'together' || kind === 'locked' || kind === 'validate';
}

function modeOf({ lock }: Step): LockMode {
  return lock === 'SHARE ROW EXCLUSIVE' || lock === 'SHARE' ? 'share row exclusive' : 'access exclusive';
}

function lockOf({ lock }: Step): string {
  return lock === null ? '' : `, under ${lock}`;
}
