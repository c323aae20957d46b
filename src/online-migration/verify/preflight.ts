import type { ClientConfig } from 'pg';
import { findObstacles, findObstaclesOfActiveColumn } from '../attachments/obstacles/obstacles.ts';
import { rowSecurityObstacles } from '../attachments/obstacles/row-obstacles.ts';
import { type ChangedColumn, changedColumnOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { emitTo } from '../change/emitter.ts';
import type { Emit, OnlineMigrationListener } from '../change/events.ts';
import type { Obstacle } from '../change/obstacle.ts';
import { clientConfigOf } from '../postgres/client-config.ts';
import { Session } from '../postgres/session.ts';
import { readChecklist } from './checklist.ts';
import { classifyValues } from './value-classes.ts';
import type { ValueGroup } from './value-classes-batch.ts';
import { editedDeclarationObstacles } from '../state/recorded-declaration.ts';
import { readStage, type Stage } from '../observation/stage.ts';

/** Options of {@link preflight}. */
export interface PreflightOptions {
  /** The database: a URL, or an object that `pg` accepts. */
  readonly connection: string | ClientConfig;
  /** Receives an event after each batch of values. If it throws, the check continues. */
  readonly onEvent?: OnlineMigrationListener;
  /** Ends the check between two batches. */
  readonly signal?: AbortSignal;
}

/** The result of a preflight. */
export interface PreflightResult {
  readonly stage: Stage;
  /** Reasons for which the change would be refused. */
  readonly obstacles: readonly Obstacle[];
  /**
   * The old column's values, grouped by the effect of the change. Empty if there are obstacles or if the old column
   * is dropped.
   */
  readonly values: readonly ValueGroup[];
  /** Risks that only a person can judge, a sentence each. */
  readonly checklist: readonly string[];
  /** Whether the change can run: no obstacles, and no value without a faithful new value. */
  readonly isReady: boolean;
}

/**
 * Checks a change before or during its phases. It writes nothing and needs no object of the package.
 *
 * 1. Obstacles: objects on the column or the table that cannot be carried over.
 * 2. Values: converts and compares every value of the old column, in batches of about a second.
 * 3. Risks that the catalog does not show.
 */
export async function preflight(
  change: ColumnChange,
  { connection, onEvent = () => undefined, signal }: PreflightOptions,
): Promise<PreflightResult> {
  const column = changedColumnOf(change);
  await using session = await Session.open(clientConfigOf(connection), 'online-migration preflight');
  const edits = await editedDeclarationObstacles(session, column);
  const stage = await readStage(session, column).catch((error: unknown): Stage => {
    // The declared columns do not exist.
    if (edits.length > 0) return 'initial';
    throw error;
  });
  if (edits.length > 0) return { stage, obstacles: edits, values: [], checklist: [], isReady: false };
  if (stage === 'contracted' || stage === 'renamed') {
    return { stage, obstacles: [], values: [], checklist: [], isReady: true };
  }
  const obstacles = await findObstaclesAt(stage, session, column);
  const values = obstacles.length > 0 ? [] : await classify(session, column, emitTo(onEvent), signal);
  return {
    stage,
    obstacles,
    values,
    checklist: await readChecklist(session, column),
    isReady: obstacles.length === 0 && !values.some(({ valueClass }) => valueClass === 'reject'),
  };
}

/** Before expand, all obstacles; later, only obstacles that may have been added since. */
async function findObstaclesAt(stage: Stage, session: Session, column: ChangedColumn): Promise<Obstacle[]> {
  if (stage === 'initial') return findObstacles(session, column);
  return [
    ...(await rowSecurityObstacles(session, column)),
    ...(await findObstaclesOfActiveColumn(session, column)),
  ];
}

async function classify(
  session: Session,
  column: ChangedColumn,
  emit: Emit,
  signal: AbortSignal | undefined,
): Promise<ValueGroup[]> {
  // A batch takes a second. A row of a megabyte on a busy server may take longer; that must not end the check.
  await session.query('set statement_timeout = 0');
  return await classifyValues(session, column, emit, signal);
}
