import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { changeNamesOf } from '../change/names.ts';
import { type Obstacle, obstacle } from '../change/obstacle.ts';
import { PHASE_NAMES, phaseNamesOf, type PhaseName } from '../change/phase-name.ts';
import { sqlState, SQLSTATE } from '../postgres/database-error.ts';
import { packageTableExists } from './package-table.ts';
import { type Ledger, readRecordedChanges } from './recorded-changes.ts';

/*
 * The ledger of phases for projects without MikroORM, in `online_migration.phase`. A change uses only one ledger from
 * its expand until that is reverted.
 */

/** A phase that was applied and not reverted. */
export interface RecordedPhase {
  readonly phase: PhaseName;
  readonly appliedAt: Date;
}

/**
 * Records a phase as applied.
 * @param database has the last transaction of the phase open
 */
export async function recordPhase(
  database: Queryable,
  change: ColumnChange,
  phase: PhaseName,
): Promise<void> {
  await database.query(
    `
    insert into online_migration.phase (change, phase) values ($1, $2)
    on conflict (change, phase) do update set applied_at = excluded.applied_at`,
    [changeNamesOf(change).change, phase],
  );
}

/**
 * Records a phase as reverted. If the last expand was reverted in the same transaction, the table is already dropped.
 * @param database has the last transaction of the revert open
 */
export async function removePhase(
  database: Queryable,
  change: ColumnChange,
  phase: PhaseName,
): Promise<void> {
  if (!(await hasPhases(database))) return;
  await database.query(`delete from online_migration.phase where change = $1 and phase = $2`, [
    changeNamesOf(change).change,
    phase,
  ]);
}

/** Removes all recorded phases of a change. */
export async function forgetPhases(database: Queryable, change: ColumnChange): Promise<void> {
  await database.query(`delete from online_migration.phase where change = $1`, [
    changeNamesOf(change).change,
  ]);
}

/**
 * Reads the recorded phases of a change, in order. The list is empty before the first expand, and if another ledger
 * is in use.
 */
export async function readRecordedPhases(
  database: Queryable,
  change: ColumnChange,
): Promise<RecordedPhase[]> {
  if (!(await hasPhases(database))) return [];
  const rows = await selectPhases(database, change).catch((error: unknown) => {
    // The last expand has just been reverted.
    if (sqlState(error) === SQLSTATE.undefinedTable) return [];
    throw error;
  });
  return rows
    .map(({ phase, applied_at: appliedAt }) => ({ phase, appliedAt }))
    .toSorted((one, other) => PHASE_NAMES.indexOf(one.phase) - PHASE_NAMES.indexOf(other.phase));
}

/** Finds the reason why a change under way must not use this ledger: its earlier phases are in the other one. */
export async function otherLedgerObstacles(
  database: Queryable,
  change: ColumnChange,
  ledger: Ledger,
): Promise<Obstacle[]> {
  const { change: name } = changeNamesOf(change);
  const records = await readRecordedChanges(database);
  const recorded = records.find((record) => record.name === name)?.ledger;
  if (recorded === undefined || recorded === ledger) return [];
  return [
    obstacle(
      'OTHER_LEDGER',
      recorded === 'mikro-orm'
        ? `The phases of this change are recorded by MikroORM: run \`npx mikro-orm migration:up\` or \`migration:down\` instead.`
        : `The phases of this change are recorded in online_migration.phase: run \`npx online-migration up\` or \`down\` instead, in ` +
            `a configuration without MikroORM.`,
      { change: name, ledger: recorded },
    ),
  ];
}

/** Finds the reason why it is not a phase's turn: an earlier one is not recorded, or a later one still is. */
export async function phaseOrderObstacles(
  database: Queryable,
  change: ColumnChange,
  phase: PhaseName,
  direction: 'up' | 'down',
): Promise<Obstacle[]> {
  const recorded = (await readRecordedPhases(database, change)).map((one) => one.phase);
  const place = PHASE_NAMES.indexOf(phase);
  const own = phaseNamesOf(change);
  const first =
    direction === 'up'
      ? own.slice(0, own.indexOf(phase)).filter((earlier) => !recorded.includes(earlier))
      : recorded.filter((later) => PHASE_NAMES.indexOf(later) > place).toReversed();
  if (first.length === 0) return [];
  return [
    obstacle(
      'PHASE_ORDER',
      `${direction === 'up' ? 'Run' : 'Revert'} ${first.join(', then ')} first: online_migration.phase ` +
        `${direction === 'up' ? 'does not record it as applied' : 'records it as applied'}.`,
      { phase, direction, first },
    ),
  ];
}

async function selectPhases(
  database: Queryable,
  change: ColumnChange,
): Promise<{ phase: PhaseName; applied_at: Date }[]> {
  const { rows } = await database.query<{ phase: PhaseName; applied_at: Date }>(
    `select phase, applied_at from online_migration.phase where change = $1`,
    [changeNamesOf(change).change],
  );
  return rows;
}

async function hasPhases(database: Queryable): Promise<boolean> {
  const { rows } = await database.query<{ exists: boolean }>(
    `select ${packageTableExists('phase')} as exists`,
  );
  return rows[0]?.exists ?? false;
}
