import type { ColumnChange, Queryable } from '../column-change.ts';
import { typeValues } from '../declared-type.ts';

/** Why a declared type does not exist, a sentence each; what else is asked of the catalog needs both. */
export async function unknownTypes(database: Queryable, change: ColumnChange): Promise<string[]> {
  const reasons: string[] = [];
  for (const column of ['oldColumn', 'newColumn'] as const) {
    const { type } = change[column];
    const error = await errorOf(database, `select $1::text::regtype`, [typeValues(type)[0]]);
    if (error !== null) reasons.push(`\`${column}.type\` is ${type}, and that is none here: ${error}.`);
  }
  return reasons;
}

/**
 * Why an expression of the declaration cannot be used, a sentence each: the two of the conversion, and the new column's
 * default. PostgreSQL plans them, and runs none.
 */
export async function expressionObstacles(database: Queryable, change: ColumnChange): Promise<string[]> {
  const { oldColumn, newColumn, conversion } = change;
  const { forward, forwardInBulk = forward, backward } = conversion;
  const probes: [what: string, expression: string, input: string][] = [
    [`conversion.forward`, forward('value'), oldColumn.type],
    [`conversion.forwardInBulk`, forwardInBulk('value'), oldColumn.type],
    ...(backward === 'not reversible'
      ? []
      : [[`conversion.backward`, backward('value'), newColumn.type] satisfies [string, string, string]]),
    ...(newColumn.default === undefined
      ? []
      : [
          [`newColumn.default`, `(${newColumn.default})::${newColumn.type}`, newColumn.type] satisfies [
            string,
            string,
            string,
          ],
        ]),
  ];
  const reasons: string[] = [];
  for (const [what, expression, input] of probes) {
    const error = await errorOf(
      database,
      `explain select ${expression} from (select null::${input} as value) as input`,
    );
    if (error !== null && !reasons.some((reason) => reason.endsWith(`: ${error}.`))) {
      reasons.push(`\`${what}\` cannot be used: ${error}.`);
    }
  }
  return reasons;
}

/** What PostgreSQL has against a statement; null where it takes it. */
async function errorOf(database: Queryable, statement: string, values?: unknown[]): Promise<string | null> {
  try {
    await database.query(statement, values);
    return null;
  } catch (error) {
    if (!isStatementsFault(error)) throw error;
    return error.message;
  }
}

/** SQLSTATE classes of an error that lies in the statement: feature not supported, data exception, syntax or unknown name. */
const STATEMENT_ERROR = /^(0A|22|42)/;

function isStatementsFault(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && STATEMENT_ERROR.test(String(error.code));
}
