import { changedColumnsOf, isRename, keyColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { PreflightResult } from '../verify/preflight.ts';
import type { ColumnValues, ValueClass } from '../verify/value-classes-batch.ts';
import { rowCount, rowsOf } from '../change/row-count.ts';

const SHOWN_GROUPS = 20;

/** The effect on the values of one row, and of several. */
const MEANING: Record<ValueClass, readonly [one: string, several: string]> = {
  reject: [
    'does not convert: correct it before it is enforced',
    'do not convert: correct them before they are enforced',
  ],
  kept: ['converts; its text is kept for the way back', 'convert; their text is kept for the way back'],
  null: ['is empty and stays so', 'are empty and stay so'],
  rebuildable: [
    'converts, and the way back gives the same text',
    'convert, and the way back gives the same text',
  ],
};

/** The result of a preflight as lines for people. */
export function describePreflight(change: ColumnChange, result: PreflightResult): string[] {
  const { stage, obstacles, values, areValuesChecked, checklist, isReady } = result;
  if (isRename(change) && stage === 'renamed') {
    return ['The database is at renamed: the column has its new name, there is nothing left to check.'];
  }
  if (stage === 'contracted' || stage === 'renamed') {
    const gone = change.columns.length === 1 ? 'the old column is gone' : 'the old columns are gone';
    return [`The database is at ${stage}: ${gone}, there is nothing left to check.`];
  }
  return [
    ...obstacles.map(({ message }) => `In the way: ${message}`),
    ...(areValuesChecked ? describeValues(change, values) : ['The values were not checked yet.']),
    ...(checklist.length === 0 ? [] : ['Only people can check:']),
    ...checklist.map((point) => `  ${point}`),
    ...(isReady ? ['Ready: nothing stops this change.'] : []),
  ];
}

function describeValues(change: ColumnChange, values: readonly ColumnValues[]): string[] {
  const names = changedColumnsOf(change).map(({ oldColumn }) => oldColumn.name);
  if (isRename(change)) return [`A rename reads and writes no value of ${names.join(', ')}.`];
  if (values.length === 0) return ['The table is empty: there is nothing to convert.'];
  const key = keyColumnsOf(change).join(', ') || 'at';
  return names.flatMap((name) => [
    `Values of ${name}:`,
    ...describeGroups(
      values.filter(({ column }) => column === name),
      key,
    ),
  ]);
}

function describeGroups(groups: readonly ColumnValues[], key: string): string[] {
  const lines: string[] = [];
  for (const [valueClass, [one, several]] of Object.entries(MEANING)) {
    const ofClass = groups.filter((group) => group.valueClass === valueClass);
    if (ofClass.length === 0) continue;
    const rows = ofClass.reduce((sum, group) => sum + group.rows, 0);
    lines.push(`${rowsOf(rows)} ${rows === 1 ? one : several}`);
    for (const group of ofClass.slice(0, SHOWN_GROUPS)) {
      const samples = group.samples
        .map(({ key: row, value }) => `${key} ${row}: ${JSON.stringify(value)}`)
        .join(', ');
      lines.push(`  ${rowCount(group.rows)} like ${JSON.stringify(group.form)}: ${samples}`);
      if (group.error !== undefined) {
        lines.push(`    the conversion raises an error; let it return null instead: ${group.error}`);
      }
    }
    if (ofClass.length > SHOWN_GROUPS) lines.push(`  and ${ofClass.length - SHOWN_GROUPS} more forms`);
  }
  return lines;
}
