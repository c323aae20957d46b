import type { PlannedStatement, RuleName } from '../../ordinary/plan-migration.ts';
import type { SqlParser } from '../../sql/sql-parser.ts';
import { asKind } from '../../sql/statements.ts';
import type { Problem } from './migration-file.ts';

/**
 * The outcome for a statement:
 *
 * - `as-written`: it runs as it is.
 * - `accepted`: it runs as it is, because its author accepts the danger.
 * - `steps`: other steps lead to the same state.
 * - `unknown`: no rule knows it, so it runs alone, for at most ten seconds.
 * - `refused`: it must not run.
 */
export type Outcome = 'as-written' | 'accepted' | 'steps' | 'unknown' | 'refused';

/** The size of a table. */
export interface TableSize {
  /** Schema and name, quoted. */
  readonly name: string;
  /** PostgreSQL's estimate. */
  readonly rows: number;
  readonly bytes: number;
}

/** Harm that a statement does although it runs as the outcome says. */
export interface Warning {
  readonly rule: 'running-code' | 'one-transaction';
  /** A clause with the harm and the way without it. */
  readonly message: string;
}

/** A statement of a file, and the outcome. */
export interface CheckedStatement extends Omit<PlannedStatement, 'rule'> {
  readonly outcome: Outcome;
  /** The rule of the verdict: one of the migrator, or that of statements which share a transaction. */
  readonly rule: RuleName | 'oneTransaction';
  /** Whether a tool runs it that does not take other steps. */
  readonly isOtherTool: boolean;
  /** Harm that the outcome leaves. */
  readonly warnings: readonly Warning[];
  /** The table that it alters, as the database has it. */
  readonly table?: TableSize;
}

/** A file of the sequence, as it was checked. */
export interface CheckedFile {
  /** The path as it was given. */
  readonly file: string;
  readonly statements: readonly CheckedStatement[];
  /** The reason for which it has no statements to check. */
  readonly leftOut?: string;
  /** A limit of the check. */
  readonly note?: string;
  /** The reason for which it could not be checked. */
  readonly problem?: Problem;
}

/** Decides on the outcome for a statement that was planned. */
export function outcomeOf(planned: PlannedStatement, parser: SqlParser): Outcome {
  const { statement, verdict } = planned;
  if (statement.accepted !== undefined) return 'accepted';
  if (verdict.kind !== 'steps') return verdict.kind;
  if (verdict.isUnchecked) return 'unknown';
  const [step, ...others] = verdict.steps;
  if (step === undefined) return 'as-written';
  // Its own transaction, or none, is all that the steps add.
  const isSame =
    others.length === 0 &&
    step.statements.length === 1 &&
    isSameStatement(step.statements[0], planned, parser);
  return isSame ? 'as-written' : 'steps';
}

function isSameStatement(sql: string, { statement }: PlannedStatement, parser: SqlParser): boolean {
  if (sql === statement.text) return true;
  const isConcurrentDrop = asKind(statement.tree, 'DropStmt')?.concurrent === true;
  return isConcurrentDrop && parser.fingerprintSync(sql) === parser.fingerprintSync(statement.text);
}

/** Whether a file has a finding that fails the check. */
export function hasFailed({ statements, problem }: CheckedFile, strict: boolean): boolean {
  return (
    problem !== undefined ||
    statements.some(({ outcome, warnings }) => isFailure(outcome, strict) || (strict && warnings.length > 0))
  );
}

/** Whether an outcome fails the check. */
export function isFailure(outcome: Outcome, strict: boolean): boolean {
  return outcome === 'refused' || (strict && (outcome === 'steps' || outcome === 'unknown'));
}
