import { escapeIdentifier } from 'pg';
import { type CarriedCheck, mirrorCheckStatements } from '../attachments/checks.ts';
import { mirrorName } from '../attachments/table-column.ts';
import { definitionOf, type Translations } from '../attachments/translated.ts';
import { changeNamesOf } from '../change/names.ts';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import { planOf } from '../postgres/exclusive-lock.ts';
import { inExclusiveTransaction, type PhaseContext } from './phase.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';

/**
 * Creates copies of checks for the other side. An interrupted run continues.
 *
 * 1. ONE transaction under ACCESS EXCLUSIVE: add them, not validated, catalog only. They apply to new writes at once.
 * 2. Validate each whose original is validated, under SHARE UPDATE EXCLUSIVE, without blocking reads and writes. If it
 *    does not hold, drop it: it would reject writes of these rows.
 *
 * @param phase the phase that needs them, for the events
 * @param mirrors the copies of an earlier run
 * @throws PhaseRefusedError if a check does not hold for the other side
 */
export async function mirrorChecks(
  context: PhaseContext,
  phase: string,
  checks: readonly CarriedCheck[],
  mirrors: readonly CarriedCheck[],
  translations: Translations['checks'],
): Promise<void> {
  const { change, signal } = context;
  const { table } = changeNamesOf(change);
  const mirrorOf = ({ name }: CarriedCheck) => mirrors.find((mirror) => mirror.name === mirrorName(name));
  const missing = checks.filter((check) => mirrorOf(check) === undefined);
  if (missing.length > 0) {
    const statements = missing.flatMap((check) =>
      mirrorCheckStatements(table, check, definitionOf(translations, check.name)!),
    );
    await inExclusiveTransaction(context, `${phase}: add the checks`, {
      plan: async () => planOf(...statements),
    });
  }
  for (const check of checks) {
    if (!check.isValidated || mirrorOf(check)?.isValidated) continue;
    signal.throwIfAborted();
    await validate(context, phase, check, definitionOf(translations, check.name)!);
  }
}

async function validate(
  context: PhaseContext,
  phase: string,
  { name }: CarriedCheck,
  definition: string,
): Promise<void> {
  const { session, change } = context;
  const { table, change: changeName } = changeNamesOf(change);
  const mirror = escapeIdentifier(mirrorName(name));
  try {
    await session.withoutStatementTimeout(() =>
      session.query(`alter table ${table} validate constraint ${mirror}`),
    );
  } catch (error) {
    if (sqlState(error) !== SQLSTATE.checkViolation) throw error;
    await inExclusiveTransaction(context, `${phase}: take the check ${mirrorName(name)} back`, {
      plan: async () => planOf(`alter table ${table} drop constraint ${mirror}`),
    });
    throw new PhaseRefusedError(
      'CHECK_VIOLATED',
      `Cannot change ${changeName}: the check ${name} holds for all rows, and for the other type it does not: ` +
        `${definition}. Correct the rows, or declare the condition for the other type in \`checks\`; then run the same ` +
        `command again. To find them: select * from ${table} where not ${conditionOf(definition)}`,
      { ...phaseDetails(context, phase), check: name, definition },
      { cause: error },
    );
  }
}

/** The condition of a definition: `CHECK ((size > 0)) NO INHERIT`. */
function conditionOf(definition: string): string {
  return definition.replace(/^CHECK /, '').replace(/ NO INHERIT$/, '');
}
