import type { RecordedChange } from '../../state/recorded-changes.ts';
import type { SqlParser } from '../../sql/sql-parser.ts';
import type { Statement } from '../../sql/statements.ts';
import type { MigrationStatement } from '../fill/fill-statement.ts';
import type { Catalog } from './catalog.ts';
import type { MadeHere } from './made-here.ts';
import type { Step } from './step.ts';

/** The verdict on a statement. */
export type Verdict =
  /** It runs as it is: it neither reads nor rewrites a table that is in use. */
  | {
      readonly kind: 'as-written';
      readonly relations: readonly string[];
      /** The same statement with less danger, which runs in its place. */
      readonly sql?: string;
      /** Whether it writes rows. */
      readonly writes?: boolean;
      /** Whether later statements can use its effect only when it is committed. */
      readonly commits?: boolean;
      /** The statement that alters the same setting for the session. */
      readonly setting?: string;
      /** The safe way if its effect ends with the transaction, and the migration has several. */
      readonly needsOneTransaction?: string;
    }
  /** Other steps lead to the same state. */
  | {
      readonly kind: 'steps';
      readonly reason: string;
      readonly steps: readonly Step[];
      /** Whether no rule has looked at it: it runs as it is, alone in its transaction. */
      readonly isUnchecked?: boolean;
    }
  /** It must not run. */
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly instead: string;
      /** Whether it is a fill that cannot be carried out. */
      readonly isFill?: boolean;
    };

/** The inputs of a rule, besides the statement. */
export interface RuleContext {
  readonly catalog: Catalog;
  readonly parser: SqlParser;
  /** Whether a tool other than MikroORM runs the statements: its migrations have no fill. */
  readonly isOtherTool?: boolean;
  /** The objects that earlier statements of the migration make. */
  readonly made: MadeHere;
  /** The recorded column changes. */
  readonly changes: readonly RecordedChange[];
  /** An earlier statement that drops the constraint or the index of the same name. It does not run: the rule replaces both. */
  readonly replaces: Statement | undefined;
  /** Earlier statements that do not run in their own place: the rule carries them out with this one. */
  readonly absorbs: readonly Statement[];
}

/**
 * Recognises a kind of statement. A rule knows the danger of it and the safe steps in its place.
 * @returns undefined for a statement of another kind
 */
export type Rule = (statement: MigrationStatement, context: RuleContext) => Promise<Verdict | undefined>;
