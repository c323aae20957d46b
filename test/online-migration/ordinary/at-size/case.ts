import type { Part } from '../../../../src/online-migration/ordinary/parts.ts';
import type { RuleName } from '../../../../src/online-migration/ordinary/plan-migration.ts';
import type { Theme } from './tables.ts';
import type { LoadedTable } from './requests.ts';

/** An ordinary migration on large tables beside traffic. */
export interface SizeCase {
  /** The rule that decides on one of its statements; null if the statement is planned before the rules. */
  readonly rule: RuleName;
  readonly name: string;
  readonly statements: readonly Part[];
  readonly theme: Theme;
  /** Statements before the traffic begins. */
  readonly prepare?: readonly string[];
  /** Tables that the application does not use any more. */
  readonly unused?: readonly LoadedTable[];
  /** The message of the error; nothing of the migration runs. */
  readonly refused?: RegExp;
  /** The message of the error about rows. The first steps of the migration have run. */
  readonly rowsInTheWay?: RegExp;
  /** Whether a change of the column `orders.label` is under way. */
  readonly isUnderChange?: boolean;
  /** The oldest and the newest major version of PostgreSQL for which the case is. */
  readonly since?: number;
  readonly until?: number;
}
