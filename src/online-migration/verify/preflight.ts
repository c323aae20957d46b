import type { ClientConfig } from 'pg';
import { unknownTypes } from '../attachments/obstacles/expression-obstacles.ts';
import { ofEach } from '../attachments/obstacles/each-column.ts';
import { findObstacles, findObstaclesOfActiveColumn } from '../attachments/obstacles/obstacles.ts';
import { keyColumnNotFound } from '../attachments/obstacles/table-obstacles.ts';
import { conversionTypeObstacles } from '../attachments/obstacles/conversion-type-obstacles.ts';
import { rowSecurityObstacles } from '../attachments/obstacles/row-obstacles.ts';
import { changedColumnsOf, isRename } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { emitTo } from '../change/emitter.ts';
import type { Emit, OnlineMigrationListener } from '../change/events.ts';
import type { ObstacleCode } from '../change/obstacle-codes.ts';
import type { Obstacle } from '../change/obstacle.ts';
import { clientConfigOf } from '../postgres/client-config.ts';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import { Session } from '../postgres/session.ts';
import { readChecklist } from './checklist.ts';
import { classifyValues } from './value-classes.ts';
import type { ColumnValues } from './value-classes-batch.ts';
import { missingKeyColumns } from '../state/key-columns.ts';
import { SchemaNotGrantedError, TypeUnknownError } from '../state/shape-errors.ts';
import { editedDeclarationObstacles } from '../state/recorded-declaration.ts';
import { readStage, type Stage } from '../observation/stage.ts';

/** Obstacles with which the old values cannot be read by key, converted or compared. */
const UNCHECKABLE: ReadonlySet<ObstacleCode> = new Set<ObstacleCode>([
  'NO_TABLE',
  'COLUMN_TYPE_NOT_AS_DECLARED',
  'KEY_COLUMN_NOT_FOUND',
  'KEY_NOT_UNIQUE',
  'KEY_MAY_BE_UNREADABLE',
  'TYPE_NOT_FOUND',
  'TYPE_NOT_GRANTED',
  'TYPE_NOT_COMPARABLE',
  'EXPRESSION_INVALID',
  'ROWS_HIDDEN',
]);

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
   * The values of the old columns, grouped by the effect of the change. Empty if they were not checked, or if the old
   * columns are dropped.
   */
  readonly values: readonly ColumnValues[];
  /** Whether the values were checked; false if an obstacle makes that impossible. */
  readonly areValuesChecked: boolean;
  /** Risks that only a person can judge, a sentence each. */
  readonly checklist: readonly string[];
  /** Whether the change can run: no obstacles, and no value without a faithful new value. */
  readonly isReady: boolean;
}

/**
 * Checks a change before or during its phases. It writes nothing and needs no object of the package.
 *
 * 1. Obstacles: objects on the columns or the table that cannot be carried over.
 * 2. Values: converts and compares every value of the old columns, in batches of about a second. Each row is read once
 *    for all columns. A rename has none.
 * 3. Risks that the catalog does not show.
 */
export async function preflight(
  change: ColumnChange,
  { connection, onEvent = () => undefined, signal }: PreflightOptions,
): Promise<PreflightResult> {
  changedColumnsOf(change);
  await using session = await Session.open(clientConfigOf(connection), 'online-migration preflight');
  const edits = await editedDeclarationObstacles(session, change);
  const read = await readStageOrObstacles(session, change, edits);
  if (typeof read !== 'string') return { stage: 'initial', obstacles: read, ...UNCHECKED, isReady: false };
  const stage = read;
  if (edits.length > 0) return { stage, obstacles: edits, ...UNCHECKED, isReady: false };
  if (stage === 'contracted' || stage === 'renamed') {
    return { stage, obstacles: [], ...UNCHECKED, areValuesChecked: true, isReady: true };
  }
  const obstacles = await findObstaclesAt(stage, session, change);
  if (isRename(change)) {
    return {
      stage,
      obstacles,
      values: [],
      areValuesChecked: true,
      checklist: await readChecklist(session, change),
      isReady: obstacles.length === 0,
    };
  }
  const values = await classifyDespite(obstacles, () => classify(session, change, emitTo(onEvent), signal));
  return {
    stage,
    obstacles,
    values: values ?? [],
    areValuesChecked: values !== null,
    checklist: await readChecklist(session, change),
    isReady: obstacles.length === 0 && !values?.some(({ valueClass }) => valueClass === 'reject'),
  };
}

const UNCHECKED = { values: [], areValuesChecked: false, checklist: [] } as const;

/** The stage; obstacles instead if the stage depends on a type that the role cannot use. */
async function readStageOrObstacles(
  session: Session,
  change: ColumnChange,
  edits: Obstacle[],
): Promise<Stage | Obstacle[]> {
  try {
    return await readStage(session, change);
  } catch (error) {
    // The declared columns may not exist.
    if (edits.length > 0) return edits;
    if (!(error instanceof TypeUnknownError || error instanceof SchemaNotGrantedError)) throw error;
    const obstacles = await ofEach(change, (column) => unknownTypes(session, column));
    if (obstacles.length === 0) throw error;
    return obstacles;
  }
}

/** Before expand, all obstacles; later, only obstacles that may have been added since. */
async function findObstaclesAt(stage: Stage, session: Session, change: ColumnChange): Promise<Obstacle[]> {
  if (stage === 'initial') return findObstacles(session, change);
  const missing = await missingKeyColumns(session, change);
  // The other checks read rows by the key.
  if (missing.length > 0) return [keyColumnNotFound(change, missing)];
  return [
    ...(await ofEach(change, (column) => conversionTypeObstacles(session, column))),
    ...(await rowSecurityObstacles(session, change)),
    ...(await findObstaclesOfActiveColumn(session, change)),
  ];
}

/** Returns null if an obstacle makes the values impossible to read or to convert. */
async function classifyDespite(
  obstacles: readonly Obstacle[],
  check: () => Promise<ColumnValues[]>,
): Promise<ColumnValues[] | null> {
  if (obstacles.some(({ code }) => UNCHECKABLE.has(code))) return null;
  try {
    return await check();
  } catch (error) {
    // A role that does not own the table may be unable to read it.
    if (obstacles.length > 0 && sqlState(error) === SQLSTATE.insufficientPrivilege) return null;
    throw error;
  }
}

async function classify(
  session: Session,
  change: ColumnChange,
  emit: Emit,
  signal: AbortSignal | undefined,
): Promise<ColumnValues[]> {
  // A batch takes a second. A row of a megabyte on a busy server may take longer; that must not end the check.
  await session.query('set statement_timeout = 0');
  return await classifyValues(session, change, emit, signal);
}
