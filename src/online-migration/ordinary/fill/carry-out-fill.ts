import type { BackfillSettings } from '../../backfill/throttle/settings.ts';
import type { Emit } from '../../change/events.ts';
import type { Session } from '../../postgres/session.ts';
import { beginFill, endFill, runFill } from './run-fill.ts';
import type { TableFill } from './table-fill.ts';
import { readTarget } from './target-table.ts';

/** The migration of a fill. */
interface FillingMigration {
  readonly migration: string;
  readonly session: Session;
  /** Opens another session like it, before any statement of the migration. */
  readonly openSession: () => Promise<Session>;
  /** Statements that have altered the session since. */
  readonly setBefore: readonly string[];
  readonly settings: BackfillSettings;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** The step of a fill in its migration. */
interface FillProgress {
  /** Whether an earlier run began the step and did not record its end. */
  readonly hasBegun: boolean;
  /** Whether the migration sets a role. It may have no right on the progress. */
  readonly isOtherRole: boolean;
  /** Records that the step has begun, in the open transaction. */
  readonly begin: () => Promise<void>;
  /** Records that it is done, in the open transaction. */
  readonly record: () => Promise<void>;
}

/**
 * Carries out a fill as a step of a migration.
 *
 * 1. Read the table, and ask PostgreSQL whether it accepts the fill.
 * 2. ONE transaction: create the tables of the progress, and record that the step has begun.
 * 3. Fill in batches.
 * 4. ONE transaction: delete the progress of the fill, and record that the step is done.
 *
 * @param step the fill, and PostgreSQL's estimate of its rows
 * @throws OnlineMigrationError if it cannot be carried out, or with rows that could not be filled
 */
export async function carryOutFill(
  run: FillingMigration,
  { fill, rows }: { readonly fill: TableFill; readonly rows: number | null },
  { hasBegun, isOtherRole, begin, record }: FillProgress,
): Promise<void> {
  const { session, migration } = run;
  const asLogin = async () => {
    if (isOtherRole) await session.query(`set local role none`);
  };
  // A policy that hides rows is an error: they would not be filled.
  const target = await session.transaction(async () => {
    await session.query(`set local row_security = off`);
    return readTarget(session, fill);
  });
  const { rows: roles } = await session.query<{ role: string }>(`select quote_ident(current_user) as role`);
  await session.transaction(async () => {
    await asLogin();
    await begin();
    await beginFill(session, { migration, target }, roles[0]!.role, hasBegun);
  });
  await runFill({ ...run, fill, target, rows, openSession: () => openWorker(run) });
  await session.transaction(async () => {
    await asLogin();
    await endFill(session, { migration, target });
    await record();
  });
}

/** Opens a session with the settings of the migration. */
async function openWorker({ openSession, setBefore }: FillingMigration): Promise<Session> {
  const worker = await openSession();
  try {
    for (const statement of setBefore) await worker.query(statement);
    await worker.query(`set row_security = off`);
    return worker;
  } catch (error) {
    await worker[Symbol.asyncDispose]();
    throw error;
  }
}
