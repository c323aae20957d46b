import { escapeIdentifier } from 'pg';
import { planGeneratedColumns } from '../attachments/plan-generated-columns.ts';
import { changeNamesOf } from '../change/names.ts';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import { forgetUnvalidated, readUnvalidated } from '../state/unvalidated.ts';
import type { Side } from '../sync/filled-column.ts';
import { inExclusiveTransaction, type PhaseContext } from './phase.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';

/**
 * Lets the virtual columns that use the columns of one side use those of the other side, while both sides have the same values.
 * An interrupted run continues.
 *
 * 1. ONE transaction under ACCESS EXCLUSIVE: give them their other expressions. The table's checks and the NOT NULL of these
 *    columns come back as NOT VALID; catalog only.
 * 2. Validate these constraints under SHARE UPDATE EXCLUSIVE. That reads the table, without blocking reads and writes.
 *
 * @param phase the phase, for the events
 * @param from the side that the virtual columns use
 * @throws PhaseRefusedError if a constraint does not hold for a virtual column's other values
 */
export async function moveGeneratedColumns(context: PhaseContext, phase: string, from: Side): Promise<void> {
  const { session, change, signal } = context;
  if ((await planGeneratedColumns(session, change, from)).statements.length > 0) {
    await inExclusiveTransaction(context, `${phase}: give the generated columns their other expressions`, {
      plan: () => planGeneratedColumns(session, change, from),
    });
  }
  const unvalidated = await readUnvalidated(session, change);
  for (const { owner, name, definition } of unvalidated) {
    signal.throwIfAborted();
    try {
      await session.withoutStatementTimeout(() =>
        session.query(`alter table ${owner} validate constraint ${escapeIdentifier(name)}`),
      );
    } catch (error) {
      throw isViolation(error) ? violated(context, phase, { owner, name, definition }, error) : error;
    }
  }
  if (unvalidated.length > 0) await forgetUnvalidated(session, change);
}

function isViolation(error: unknown): boolean {
  const state = sqlState(error);
  return state === SQLSTATE.checkViolation || state === SQLSTATE.notNullViolation;
}

function violated(
  context: PhaseContext,
  phase: string,
  { owner, name, definition }: Awaited<ReturnType<typeof readUnvalidated>>[number],
  cause: unknown,
): PhaseRefusedError {
  const { change } = changeNamesOf(context.change);
  return new PhaseRefusedError(
    'CHECK_VIOLATED',
    `Cannot change ${change}: the constraint ${name} of ${owner}, ${definition.replace(/ NOT VALID$/, '')}, held for all rows, and with the ` +
      `other expression of a generated column it does not. Correct the rows, or declare the expression in \`generated\`; then run ` +
      `the same command again.`,
    { ...phaseDetails(context, phase), check: name, definition },
    { cause },
  );
}
