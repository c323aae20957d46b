import { compareColumns } from '../verify/equality-proof.ts';
import type { ChangedColumn } from '../change/changed-column.ts';
import type { Difference } from '../verify/equality-statements.ts';
import type { Side } from '../sync/filled-column.ts';
import { areUnequal } from '../change/value-difference.ts';
import { changeNamesOf, namesOf } from '../change/names.ts';
import { describeRow } from '../change/row-key.ts';
import type { PhaseContext } from './phase.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';

/**
 * Refuses a phase if the two columns of any row differ: a sync trigger may have been disabled for a time. It reads
 * the whole table in short transactions.
 * @param phase the phase, for the error
 * @param ruling the column that was active until now, so its values are the right ones
 * @returns false if every row that has an old value has a new one
 * @throws PhaseRefusedError with some of the rows, and the statement that fills them again
 */
export async function refuseDifferences(
  context: PhaseContext,
  phase: string,
  ruling: Side,
): Promise<boolean> {
  const { change, columns } = context;
  const { differences, mayHaveRejects } = await compareColumns(context, 'read');
  if (differences.length === 0) return mayHaveRejects;
  const described = columns.flatMap((column) => {
    const found = differences.filter((one) => one.column === column.oldColumn.name);
    return found.length === 0 ? [] : [describe(column, ruling, found)];
  });
  throw new PhaseRefusedError(
    'ROWS_DIFFER',
    `Cannot ${phase} ${changeNamesOf(change).change}: ${described.map(({ text }) => text).join('\n')}`,
    {
      ...phaseDetails(context, phase),
      keys: differences.map(({ key }) => key),
      statement: described.map(({ statement }) => statement).join('; '),
    },
  );
}

/** The rows in which the columns of one pair differ, and the statement that fills them again. */
function describe(
  column: ChangedColumn,
  ruling: Side,
  differences: readonly Difference[],
): { readonly text: string; readonly statement: string } {
  const { table, oldColumn, newColumn, forward, backward } = namesOf(column);
  const list = differences
    .map(
      ({ key, oldValue, newValue }) =>
        `  ${describeRow(column, key)}: ${JSON.stringify(oldValue)}, ${JSON.stringify(newValue)}`,
    )
    .join('\n');
  const [right, stale] =
    ruling === 'old' ? [column.oldColumn, column.newColumn] : [column.newColumn, column.oldColumn];
  const assignment =
    ruling === 'old' ? `${newColumn} = ${forward}(${oldColumn})` : `${oldColumn} = ${backward}(${newColumn})`;
  const statement = `update ${table} set ${assignment} where ${areUnequal(column.newColumn.type, newColumn, `${forward}(${oldColumn})`)}`;
  const text =
    `in some rows ${stale.name} does not have the value of ${right.name}. They were ` +
    `written while the sync trigger was disabled or missing, or were not filled. The first rows, old value and new value:\n${list}\n` +
    `Fill them again, then run the same command again: \`${statement}\`.` +
    (ruling === 'old'
      ? ''
      : ` If a row was written through ${oldColumn}, its old value is the right one: first run ` +
        `\`update ${table} set ${newColumn} = ${forward}(${oldColumn})\` with a condition on these rows.`);
  return { text, statement };
}
