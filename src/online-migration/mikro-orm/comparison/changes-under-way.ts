import type { Pool } from 'pg';
import type { ColumnChange } from '../../change/column-change.ts';
import { stageOf } from '../../observation/stage.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { type RecordedChange, readRecordedChanges } from '../../state/recorded-changes.ts';
import { ColumnMissingError, TableNotReadyError } from '../../state/shape-errors.ts';
import { readTableShape } from '../../state/table-shape.ts';

/** MikroORM's connection. */
interface Connection {
  getNativeClient(): Promise<unknown>;
}

/** A column whose entity and whose table differ because of a change that is not finished. */
export interface ChangeUnderWay {
  readonly schema: string;
  readonly table: string;
  readonly oldColumn: string;
  readonly newColumn: string;
}

/** Runs statements of the package on MikroORM's pool. */
export function queryableOf(connection: Connection): Queryable {
  return {
    async query<Row>(text: string, values?: unknown[]) {
      const pool = (await connection.getNativeClient()) as Pool;
      const { rows, rowCount } = await pool.query(text, values);
      return { rows: rows as Row[], rowCount };
    },
  };
}

/** Reads all changes whose new column has its interim name, of any table, without their declarations. */
export async function readChangesUnderWay(connection: Connection): Promise<ChangeUnderWay[]> {
  return interimColumns(await readRecordedChanges(queryableOf(connection)));
}

function interimColumns(changes: readonly RecordedChange[]): ChangeUnderWay[] {
  return changes.flatMap(({ schema, table, columns }) =>
    columns
      .filter(({ hasInterimName }) => hasInterimName)
      .map(({ oldColumn, newColumn }) => ({ schema, table, oldColumn, newColumn })),
  );
}

/** The declared changes that have not begun: the entity already describes the table after them. */
export async function readChangesToCome(
  connection: Connection,
  declared: readonly ColumnChange[],
): Promise<ChangeUnderWay[]> {
  const database = queryableOf(connection);
  const coming: ChangeUnderWay[] = [];
  for (const change of declared) {
    const shape = await readTableShape(database, change).catch((error: unknown) => {
      // The table or the column is created by a migration that is still pending, or an entity has not come to it yet.
      if (error instanceof TableNotReadyError || error instanceof ColumnMissingError) return null;
      throw error;
    });
    if (shape === null || stageOf(shape, null) !== 'initial') continue;
    const { table, columns } = change;
    for (const { from, to } of columns) {
      coming.push({ schema: table.schema, table: table.name, oldColumn: from.name, newColumn: to.name });
    }
  }
  return coming;
}
