import { numberRangeObstacles } from '../attachments/number-range.ts';
import { ofEach } from '../attachments/obstacles/each-column.ts';
import type { ChangeFill, Fill } from '../backfill/plan/fill.ts';
import { isValueError } from '../backfill/batch/row-error.ts';
import {
  createBackwardFunction,
  createForwardFunctions,
  createTolerantBackwardFunction,
} from '../sync/conversion-functions.ts';
import type { ChangedColumn } from '../change/changed-column.ts';
import { changeNamesOf, namesOf } from '../change/names.ts';
import { obstacle, type Obstacle } from '../change/obstacle.ts';
import type { ErrorDetails } from '../change/online-migration-error.ts';
import { describeRow } from '../change/row-key.ts';
import { type PhaseContext, refuseObstacles } from './phase.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';

/** The phase that needs an old value for each new one. */
const PHASE = 'revert the contract of';
const NAMED_ROWS = 10;

/** A row and its new value. */
interface Found {
  readonly key: string;
  readonly value: string;
}

/**
 * Refuses to revert contract, before it changes anything, if it could not finish. Values may have no equal in the old
 * type, or a sequence may exceed it; both can have been written since contract. It reads the table once, without
 * blocking reads and writes.
 *
 * @param fill how the old columns are to be filled
 * @throws PhaseRefusedError with some of the rows and the remedy
 */
export async function refuseWithoutEqual(context: PhaseContext, fill: ChangeFill): Promise<void> {
  const { session, change } = context;
  const obstacles: Obstacle[] = [];
  for (const column of fill.columns) {
    const rows = await findWithoutEqual(context, column);
    if (rows.length === 0) continue;
    obstacles.push(
      obstacle(
        'VALUES_WITHOUT_EQUAL',
        describe(column.change, rows, '    '),
        rowDetails(column.change, rows),
      ),
    );
  }
  const ofNumbers = await ofEach(change, (column) => numberRangeObstacles(session, column));
  refuseObstacles(context, PHASE, [...obstacles, ...ofNumbers]);
}

/**
 * Does the same for numbers only, because they can have increased while the old column was filled.
 * @throws PhaseRefusedError
 */
export async function refuseNumbersBeyond(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  const obstacles = await ofEach(change, (column) => numberRangeObstacles(session, column));
  if (obstacles.length === 0) return;
  throw new PhaseRefusedError(
    'NUMBERS_OUT_OF_RANGE',
    `Cannot ${PHASE} ${changeNamesOf(change).change}, with the old column filled already:\n` +
      `${obstacles.map(({ message }) => `  ${message}`).join('\n')}\n  Then run the same command again.`,
    { ...phaseDetails(context, PHASE), obstacles },
  );
}

/**
 * Refuses if the fill has left out values.
 * @throws PhaseRefusedError
 */
export async function refuseUnfilled(context: PhaseContext): Promise<void> {
  for (const column of context.columns) {
    const { change, oldColumn, newColumn } = namesOf(column);
    const rows = await context.session.withoutStatementTimeout(() =>
      selectRows(context, column, `t.${oldColumn} is null and t.${newColumn} is not null`),
    );
    if (rows.length === 0) continue;
    throw new PhaseRefusedError(
      'ROWS_NOT_FILLED',
      `Cannot ${PHASE} ${change}: ${describe(column, rows, '  ')}`,
      { ...phaseDetails(context, PHASE), ...rowDetails(column, rows) },
    );
  }
}

/**
 * It reads with the conversion as the planner inlines it, which other processes of the server can share. If a value makes it
 * raise an error, it reads again with a function that catches errors. The functions that it needs are rolled back after
 * the read.
 */
async function findWithoutEqual(context: PhaseContext, fill: Fill): Promise<Found[]> {
  const { session } = context;
  const { change } = fill;
  const isWithoutEqual = `t.${fill.source} is not null and ${fill.value} is null`;
  return session.withoutStatementTimeout(async () => {
    await session.query('savepoint nothing_made');
    await createForwardFunctions(session, change);
    await createBackwardFunction(session, change);
    let rows: Found[];
    try {
      await session.query('savepoint plain_conversion');
      rows = await selectRows(context, change, isWithoutEqual);
    } catch (error) {
      if (!isValueError(error)) throw error;
      await session.query('rollback to savepoint plain_conversion');
      await createTolerantBackwardFunction(session, change);
      rows = await selectRows(context, change, isWithoutEqual);
    }
    await session.query('rollback to savepoint nothing_made');
    return rows;
  });
}

async function selectRows(
  { session }: PhaseContext,
  change: ChangedColumn,
  condition: string,
): Promise<Found[]> {
  const { table, lastingKey, newColumn } = namesOf(change);
  const { rows } = await session.query<Found>(`
    select ${lastingKey.text('t')} as key, t.${newColumn}::text as value
    from ${table} t
    where ${condition}
    limit ${NAMED_ROWS}`);
  return rows;
}

function rowDetails({ oldColumn, newColumn }: ChangedColumn, rows: readonly Found[]): ErrorDetails {
  return { column: newColumn.name, type: oldColumn.type, keys: rows.map(({ key }) => key) };
}

function describe(change: ChangedColumn, rows: readonly Found[], indent: string): string {
  const { oldColumn, newColumn } = change;
  const list = rows.map(({ key, value }) => `${indent}${describeRow(change, key)}: ${value}`).join('\n');
  return (
    `some values of ${newColumn.name} have no equal of type ${oldColumn.type}. Some of these rows:\n${list}\n` +
    `${indent}Correct ${newColumn.name} in these rows, then run the same command again.`
  );
}
