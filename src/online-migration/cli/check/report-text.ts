import { firstLine } from '../../sql/statements.ts';
import type { Step } from '../../ordinary/planning/step.ts';
import { rowCount, rowsOf } from '../../change/row-count.ts';
import type { CheckedFile, CheckedStatement, Outcome, TableSize } from './checked-file.ts';

const MEBIBYTE = 1024 ** 2;
const OTHER_STEPS =
  'Write the other steps in place of the statement, each in a transaction of its own: its tool runs it as it is written.';

/** The ground of the verdicts. */
export interface Basis {
  readonly hasDatabase: boolean;
  readonly isOneDeployment: boolean;
}

/** The report for people: a line for each statement with its place, and below it the reason and the steps. */
export function textReport(files: readonly CheckedFile[], basis: Basis): string {
  return [...files.flatMap(linesOfFile), '', ...summaryOf(files, basis)].join('\n');
}

/** The verdict in a sentence, without the steps. */
export function sentenceOf({ verdict, outcome, assumed, statement, isOtherTool }: CheckedStatement): string {
  const sentence = {
    'as-written': 'runs as it is',
    accepted: `runs as it is; accepted: ${statement.accepted || 'no reason given'}`,
    unknown: `no rule knows it${isOtherTool ? '' : ': it runs alone, for at most ten seconds'}`,
    steps: `${isOtherTool ? 'needs' : 'carried out by'} other steps, because ${'reason' in verdict ? verdict.reason : ''}`,
    refused: `refused, because ${'reason' in verdict ? verdict.reason : ''}. Instead: ${'instead' in verdict ? verdict.instead : ''}`,
  }[outcome];
  return isFinding({ outcome }) && assumed.length > 0
    ? `${sentence}. Not known without --url: ${assumed.join('; ')}`
    : sentence;
}

function isFinding({ outcome }: Pick<CheckedStatement, 'outcome'>): boolean {
  return outcome === 'steps' || outcome === 'refused';
}

function sizeOf({ name, rows, bytes }: TableSize): string {
  return `${name} has about ${rowsOf(rows)} in ${rowCount(Math.max(1, bytes / MEBIBYTE))} MB`;
}

/** The steps that run in place of a statement. */
export function stepsOf({ verdict, outcome }: CheckedStatement): readonly Step[] {
  return verdict.kind === 'steps' && outcome === 'steps' ? verdict.steps : [];
}

function linesOfFile({ file, statements, leftOut, note, problem }: CheckedFile): string[] {
  const own = [
    ...(note === undefined ? [] : [`${file}: ${note}`]),
    ...(problem === undefined ? [] : [`${file}:${problem.line}: not checked`, `  ${problem.message}`]),
    ...(leftOut === undefined ? [] : [`${file}: ${leftOut}`]),
    ...statements.flatMap((checked) => linesOfStatement(file, checked)),
  ];
  return own.length === 0 ? [`${file}: no statements`] : own;
}

function linesOfStatement(file: string, checked: CheckedStatement): string[] {
  return [
    `${file}:${checked.statement.line}: ${firstLine(checked.statement.text)}`,
    `  ${sentenceOf(checked)}`,
    ...checked.warnings.map(({ message }) => `  warning: ${message}`),
    ...(checked.table === undefined || !isFinding(checked) ? [] : [`  ${sizeOf(checked.table)}`]),
    ...stepsOf(checked).flatMap(({ statements, lock }) =>
      statements.map((sql) => `    ${sql.replaceAll(/\s+/g, ' ')}  -- ${lock ?? 'no lock'}`),
    ),
  ];
}

function summaryOf(files: readonly CheckedFile[], { hasDatabase, isOneDeployment }: Basis): string[] {
  const statements = files.flatMap((file) => file.statements);
  const count = (outcome: Outcome) => statements.filter((checked) => checked.outcome === outcome).length;
  const failed = files.filter(({ problem }) => problem !== undefined).length;
  const parts = [
    [count('as-written'), 'as written'],
    [count('accepted'), 'accepted'],
    [count('steps'), 'by other steps'],
    [count('unknown'), 'unknown to the rules'],
    [count('refused'), 'refused'],
    [statements.filter(({ warnings }) => warnings.length > 0).length, 'with a warning'],
  ] as const;
  const counts = parts.flatMap(([number, label]) => (number === 0 ? [] : [`${number} ${label}`]));
  return [
    `${numbered(files.length, 'file')}, ${numbered(statements.length, 'statement')}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}.`,
    ...(failed === 0 ? [] : [`${numbered(failed, 'file')} could not be checked.`]),
    ...(statements.some(({ outcome, isOtherTool }) => outcome === 'steps' && isOtherTool)
      ? [OTHER_STEPS]
      : []),
    ...(hasDatabase
      ? []
      : [
          `Without --url, a table counts as in use and with rows, unless ${isOneDeployment ? 'one of these files' : 'the same file'} makes it.`,
        ]),
  ];
}

function numbered(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
