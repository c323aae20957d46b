import type { ErrorCode } from '../../change/error-codes.ts';
import type { ObstacleCode } from '../../change/obstacle-codes.ts';

/**
 * Obstacles that one statement, or one line of the declaration, removes, and that leave the schema as it is: a right, a
 * person's review of an object, a setting. All others are refusals.
 */
const PREPARATIONS: ReadonlySet<string> = new Set<ObstacleCode | ErrorCode>([
  // Rights.
  'SCHEMA_NOT_GRANTED',
  'TABLE_NOT_OWNED',
  'OWNER_NOT_INHERITED',
  'OWNER_NOT_GRANTED',
  'TYPE_NOT_GRANTED',
  'CREATE_NOT_GRANTED',
  'REFERENCE_NOT_GRANTED',
  'TEMPORARY_NOT_GRANTED',
  'ROWS_HIDDEN',
  'STATE_SCHEMA_NOT_ALLOWED',
  'STATE_SCHEMA_NOT_OWNED',
  'STATE_SCHEMA_NOT_GRANTED',
  'STATE_SCHEMA_OUTDATED',
  'FUNCTIONS_NOT_OWNED',
  // Objects to review.
  'FUNCTION_NAMES_COLUMN',
  'FUNCTION_TAKES_WHOLE_ROWS',
  'TRIGGER_ARGUMENT',
  'DEFAULT_OF_NULLABLE',
  'FOREIGN_TABLE_NAMES_COLUMN',
  'PUBLICATION_NOT_REVIEWED',
  'SUBSCRIPTION_NOT_REVIEWED',
  // Triggers in the backfill.
  'TRIGGER_NOT_SILENCEABLE',
  'TRIGGER_FIRES_ALWAYS',
  'TRIGGER_BESIDE_CONSTRAINT',
  // One statement of the message.
  'TRIGGER_FIRES_LATER',
  'SEQUENCE_OWNED',
  'SEQUENCE_LIMIT_OUT_OF_RANGE',
  'SEQUENCE_START_OUT_OF_RANGE',
  'NOT_NULL_NOT_VALIDATED',
  'NOT_NULL_NO_INHERIT',
  'REPLICA_IDENTITY_MISSING',
]);

/** Whether an obstacle is removed by one statement or one line of the declaration. */
export function isPreparation({ code }: { readonly code: string }): boolean {
  return PREPARATIONS.has(code);
}
