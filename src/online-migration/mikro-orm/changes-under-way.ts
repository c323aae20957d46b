import { readRecordedChanges } from '../state/recorded-changes.ts';

/** MikroORM's connection. */
interface Connection {
  execute(sql: string): Promise<unknown>;
}

/** A column change whose table has the new column under its interim name: from expand to rename, in both directions. */
export interface ChangeUnderWay {
  readonly schema: string;
  readonly table: string;
  readonly oldColumn: string;
  readonly newColumn: string;
}

/** Reads all changes under way, of any table, without their declarations. */
export async function readChangesUnderWay(connection: Connection): Promise<ChangeUnderWay[]> {
  const changes = await readRecordedChanges({
    query: async <Row>(text: string) => {
      const rows = (await connection.execute(text)) as Row[];
      return { rows, rowCount: rows.length };
    },
  });
  return changes.flatMap(({ schema, table, columns }) =>
    columns
      .filter(({ hasInterimName }) => hasInterimName)
      .map(({ oldColumn, newColumn }) => ({ schema, table, oldColumn, newColumn })),
  );
}
