import { COLUMNS, lineBeginning, type MeasuredStep, rightAligned } from '../harness/step-table.ts';

/** A table of the two ways side by side. */
export function comparison(safe: MeasuredStep, risky: MeasuredStep): string {
  return [
    lineBeginning('Safe against risky') + rightAligned('safe') + rightAligned('risky'),
    ...COLUMNS.map(
      ({ heading, text }) => lineBeginning(heading) + rightAligned(text(safe)) + rightAligned(text(risky)),
    ),
  ].join('\n');
}
