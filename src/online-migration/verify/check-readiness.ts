import { unknownTypes } from '../attachments/obstacles/expression-obstacles.ts';
import { ofEach } from '../attachments/obstacles/each-column.ts';
import { findObstacles, findObstaclesOfActiveColumn } from '../attachments/obstacles/obstacles.ts';
import { keyColumnNotFound } from '../attachments/obstacles/table-obstacles.ts';
import { conversionTypeObstacles } from '../attachments/obstacles/conversion-type-obstacles.ts';
import { rowSecurityObstacles } from '../attachments/obstacles/row-obstacles.ts';
import { changedColumnsOf, isRename } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { emitTo } from '../change/emitter.ts';
import type { Emit } from '../change/events.ts';
import type { ObstacleCode } from '../change/obstacle-codes.ts';
import type { Obstacle } from '../change/obstacle.ts';
import { clientConfigOf } from '../postgres/client-config.ts';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import { Session } from '../postgres/session.ts';
import { readChecklist } from './checklist.ts';
import type { PreflightOptions, PreflightResult } from './preflight.ts';
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

/** Carries out `preflight`. */
export async function checkReadiness(
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
