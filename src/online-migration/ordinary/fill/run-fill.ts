import { backfillFinished } from '../../backfill/finished-event.ts';
import { deleteBackfill } from '../../backfill/plan/checkpoint.ts';
import { STRIPES } from '../../backfill/plan/stripes.ts';
import { runBackfill } from '../../backfill/run-backfill.ts';
import type { BackfillSettings } from '../../backfill/throttle/settings.ts';
import type { Emit } from '../../change/events.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import { findLeaves } from '../../postgres/partition-tree.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { Session } from '../../postgres/session.ts';
import { packageTableExists } from '../../state/package-table.ts';
import { createState, dropUnusedTables } from '../../state/tables.ts';
import { FailedRows } from './failed-rows.ts';
import type { TableFill } from './table-fill.ts';
import { tableWork } from './table-work.ts';
import type { TargetTable } from './target-table.ts';

/** Inputs of a fill. */
export interface FillRun {
  /** The name of the migration, under which the progress is kept. */
  readonly migration: string;
  readonly fill: TableFill;
  readonly target: TargetTable;
  /** PostgreSQL's estimate of the rows to fill; null if it has none. */
  readonly rows: number | null;
  /** Plans, watches and writes the progress. */
  readonly session: Session;
  /** Opens another session with the settings of the migration. */
  readonly openSession: () => Promise<Session>;
  readonly settings: BackfillSettings;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/**
 * Prepares the tables that keep the progress of a fill, in the open transaction.
 * @param role the role that fills, quoted
 * @param isContinued whether an earlier run has begun this fill; otherwise an abandoned plan is deleted
 * @throws OnlineMigrationError if the role may not write the progress
 */
export async function beginFill(
  database: Queryable,
  { migration, target }: Pick<FillRun, 'migration' | 'target'>,
  role: string,
  isContinued: boolean,
): Promise<void> {
  await createState(database, { table: target });
  const { rows } = await database.query<{ may_write: boolean }>(
    `
    select ${packageTableExists('backfill')} and coalesce(bool_and(
        has_schema_privilege(r.oid, n.oid, 'usage') and has_table_privilege(r.oid, c.oid, 'select')
        and has_table_privilege(r.oid, c.oid, 'insert') and has_table_privilege(r.oid, c.oid, 'update')
        and has_table_privilege(r.oid, c.oid, 'delete')
      ), false) as may_write
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_roles r on quote_ident(r.rolname) = $1
    where n.nspname = 'online_migration' and c.relname in ('backfill', 'backfill_range')`,
    [role],
  );
  if (!rows[0]?.may_write) {
    const grant = `grant select, insert, update, delete on online_migration.backfill, online_migration.backfill_range to ${role}`;
    throw new OnlineMigrationError(
      'PROGRESS_NOT_KEPT',
      `${role} may not write the tables of the schema online_migration in which the package keeps the progress of a fill: run ` +
        `\`grant usage on schema online_migration to ${role}; ${grant}\` as their owner.`,
      { schema: 'online_migration', role },
    );
  }
  if (!isContinued) await deleteBackfill(database, migration);
}

/**
 * Fills all rows that match, in batches, and continues an earlier run.
 * @throws OnlineMigrationError with the rows that could not be filled, when all others are filled
 */
export async function runFill(run: FillRun): Promise<void> {
  const { migration, fill, target, rows, session, openSession, settings, emit, signal } = run;
  const failed = new FailedRows(migration, target.table);
  const total = (await findLeaves(session, target.table)).reduce((sum, leaf) => sum + leaf.rows, 0);
  const isOnePass = rows !== null && rows <= total / STRIPES;
  const work = tableWork(migration, { fill, target, failed, isOnePass });
  const summary = await runBackfill(session, work, {
    openSession,
    // Worker processes know column changes alone.
    settings: { ...settings, workers: Math.max(1, settings.workers) },
    signal,
    emit,
  });
  failed.refuse();
  emit(backfillFinished(work, summary, 0));
  if (summary.isComplete) return;
  emit({
    type: 'fill-left-rows',
    migration,
    table: target.table,
    message:
      `${migration}: the application keeps writing rows of ${target.table} that match the fill; it ends without the newest of them. ` +
      `Deploy a version that writes the columns, and fill again`,
  });
}

/** Forgets the progress of a fill that has ended, in the open transaction. */
export async function endFill(
  database: Queryable,
  { migration, target }: Pick<FillRun, 'migration' | 'target'>,
): Promise<void> {
  await deleteBackfill(database, migration);
  await dropUnusedTables(database, { table: target });
}
