import { findDifferences } from '../verify/equality-proof.ts';
import type { Side } from '../sync/filled-column.ts';
import { areUnequal } from '../change/value-difference.ts';
import { namesOf } from '../change/names.ts';
import { describeRow } from '../change/row-key.ts';
import { type PhaseContext, phaseDetails, PhaseRefusedError } from './phase.ts';

/**
 * Refuses a phase if the two columns of any row differ: a sync trigger may have been disabled for a time. It reads
 * the whole table in short transactions.
 * @param phase the phase, for the error
 * @param ruling the column that was active until now, so its values are the right ones
 * @throws PhaseRefusedError with some of the rows, and the statement that fills them again
 */
export async function refuseDifferences(context: PhaseContext, phase: string, ruling: Side): Promise<void> {
  const { change } = context;
  const differences = await findDifferences(context, 'read');
  if (differences.length === 0) return;
  const { change: name, table, oldColumn, newColumn, forward, backward } = namesOf(change);
  const list = differences
    .map(
      ({ key, oldValue, newValue }) =>
        `  ${describeRow(change, key)}: ${JSON.stringify(oldValue)}, ${JSON.stringify(newValue)}`,
    )
    .join('\n');
  const [right, stale] =
    ruling === 'old' ? [change.oldColumn, change.newColumn] : [change.newColumn, change.oldColumn];
  const assignment =
    ruling === 'old' ? `${newColumn} = ${forward}(${oldColumn})` : `${oldColumn} = ${backward}(${newColumn})`;
  const statement = `update ${table} set ${assignment} where ${areUnequal(change.newColumn.type, newColumn, `${forward}(${oldColumn})`)}`;
  throw new PhaseRefusedError(
    'ROWS_DIFFER',
    `Cannot ${phase} ${name}: in some rows ${stale.name} does not have the value of ${right.name}. They were ` +
      `written while the sync trigger was disabled or missing, or were not filled. The first rows, old value and new value:\n${list}\n` +
      `Fill them again, then run the same command again: \`${statement}\`.` +
      (ruling === 'old'
        ? ''
        : ` If a row was written through ${oldColumn}, its old value is the right one: first run ` +
          `\`update ${table} set ${newColumn} = ${forward}(${oldColumn})\` with a condition on these rows.`),
    { ...phaseDetails(context, phase), keys: differences.map(({ key }) => key), statement },
  );
}
