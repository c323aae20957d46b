import type { ColumnChange } from '../change/column-change.ts';
import { isStatementsFault, SQLSTATE, sqlState } from '../postgres/database-error.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { errorOf } from '../postgres/rolled-back.ts';
import type { Side } from '../sync/filled-column.ts';
import { constantConversion, type ConvertConstants } from './converted-constants.ts';
import { comparesByLostOrder, type ParsedAttachment } from './order-comparisons.ts';

/** A definition to create on the trial table. */
export interface Attempt {
  /** @param convert applies to each definition of the catalog that the statement contains */
  readonly create: (convert: ConvertConstants) => string;
  /** The definition as statements that tell how it uses columns. */
  readonly read: readonly string[];
  /** Its conditions, which must not become dependent on the session; empty if PostgreSQL checks that itself. */
  readonly conditions: readonly string[];
  /** The attachment; null if its constants stay. */
  readonly parsed: ParsedAttachment | null;
  /** A reason against it that shows after its creation; null for none. */
  readonly findReason?: () => Promise<string | null>;
  /** How the definition reads in the catalog, after the trial columns got the other columns' names. */
  readonly found: (result: { readonly reason: string } | null) => Promise<void>;
}

/** Leaves the constants of a definition. */
export function asWritten(definition: string): string {
  return definition;
}

/** The conversion of the constants of an attempt; null if they have to stay. */
export async function conversionOf(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  { create, parsed }: Attempt,
): Promise<ConvertConstants | null> {
  if (parsed === null) return null;
  const convert = await constantConversion(database, change, from, [create(asWritten)]);
  return convert === null || (await comparesByLostOrder(database, change, from, parsed)) ? null : convert;
}

/** An attempt and its surroundings. */
export interface TriedAttempt {
  readonly table: string;
  readonly attempt: Attempt;
  /** Whether its conditions depend on the session before the change. */
  readonly isMutable: boolean;
  /** The type of the trial columns, for the reason. */
  readonly type: string;
}

/** Makes an attempt. If there is a reason against it, nothing of it is left. */
export async function reasonAgainst(
  database: Queryable,
  { table, attempt, isMutable, type }: TriedAttempt,
  convert: ConvertConstants,
): Promise<string | null> {
  await database.query('savepoint online_migration_attempt');
  const error = await errorOf(database, attempt.create(convert), isStatementsFault);
  let reason = error === null ? ((await attempt.findReason?.()) ?? null) : error.message;
  if (reason === null && !isMutable) {
    const areKept = await areImmutable(
      database,
      table,
      attempt.conditions.map((one) => convert(one)),
    );
    if (!areKept) {
      reason = `for ${type}, its result depends on settings of the session, such as the time zone`;
    }
  }
  if (reason !== null) await database.query('rollback to savepoint online_migration_attempt');
  await database.query('release savepoint online_migration_attempt');
  return reason;
}

/** PostgreSQL takes only an immutable expression for an index. */
export async function areImmutable(
  database: Queryable,
  table: string,
  expressions: readonly string[],
): Promise<boolean> {
  for (const expression of expressions) {
    const error = await errorOf(database, `create index on ${table} ((${expression}))`, isStatementsFault);
    if (sqlState(error) === SQLSTATE.notImmutable) return false;
  }
  return true;
}
