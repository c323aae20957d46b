import { OBSTACLE_CODES } from '../../change/obstacle-codes.ts';
import { rowCount } from '../../change/row-count.ts';
import type { Outcome, Survey, SurveyedColumn } from './survey.ts';
import { type PairSummary, type ReasonSummary, summaryOf } from './summary.ts';

/** The results in the order of the table. */
const OUTCOMES: readonly Outcome[] = ['instant', 'free', 'prepare', 'refused', 'failed'];
const PERCENT = 100;

/**
 * A survey as lines for people.
 * @param isVerbose also each column that cannot be changed as it is, with its reasons
 */
export function describeSurvey(survey: Survey, isVerbose: boolean): string[] {
  const { tables, columns, surveyed, outcomes, pairs, refusals, preparations } = summaryOf(survey);
  const lines = [
    `${countOf(tables, 'table')} with ${countOf(columns, 'column')}; ${rowCount(surveyed)} of them ${surveyed === 1 ? 'has' : 'have'} a usual new type.`,
  ];
  if (surveyed === 0) return lines;
  // A result that no column has would only widen the table.
  const shown = OUTCOMES.filter((outcome) => outcome !== 'failed' || outcomes.failed > 0);
  const total: PairSummary = { from: 'all', to: '', columns: surveyed, outcomes };
  return [
    ...lines,
    '',
    ...table(
      ['type', 'new type', 'columns', ...shown],
      [...pairs, total].map(({ from, to, columns: count, outcomes: of }) => [
        from,
        to,
        rowCount(count),
        ...shown.map((outcome) => rowCount(of[outcome])),
      ]),
      2,
    ),
    '',
    'instant: one statement changes the type at once. free: nothing stands in the way of a column change.',
    'prepare: a right, a review or one statement is missing. refused: not possible as the schema is.',
    ...(outcomes.failed === 0 ? [] : ['failed: the database answered with an error.']),
    '',
    `Refused: ${((outcomes.refused * PERCENT) / surveyed).toFixed(1)} % of these columns.`,
    ...reasonLines('Reasons of refusals', refusals),
    ...reasonLines('Missing preparations', preparations),
    ...(isVerbose ? columnLines(survey.surveyed) : []),
    ...(isVerbose || refusals.length + preparations.length === 0
      ? []
      : ['', 'Add --verbose to see each column with its reasons.']),
  ];
}

function reasonLines(heading: string, reasons: readonly ReasonSummary[]): string[] {
  if (reasons.length === 0) return [];
  const meanings: Readonly<Record<string, { readonly meaning: string }>> = OBSTACLE_CODES;
  const rows = reasons.map(({ code, columns, alone }) => [
    code,
    meanings[code]?.meaning ?? '',
    rowCount(columns),
    rowCount(alone),
  ]);
  return ['', ...table([heading, 'meaning', 'columns', 'only reason'], rows, 2)];
}

function columnLines(columns: readonly SurveyedColumn[]): string[] {
  return columns
    .filter(({ reasons }) => reasons.length > 0)
    .flatMap(({ schema, table: name, column, type, to, outcome, reasons }) => [
      '',
      `${schema}.${name}.${column}, ${type} to ${to}: ${outcome}`,
      ...reasons.map(({ code, message }) => `  ${code}: ${message}`),
    ]);
}

/**
 * Lines of a table in columns of equal width.
 * @param texts number of columns that hold texts; the others hold numbers
 */
function table(head: readonly string[], rows: readonly (readonly string[])[], texts: number): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) =>
    row
      .map((cell, column) => (column < texts ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}

function countOf(count: number, noun: string): string {
  return `${rowCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}
