import { firstLine } from '../../sql/statements.ts';
import { type CheckedFile, isFailure, type Outcome } from './checked-file.ts';
import { sentenceOf, stepsOf } from './report-text.ts';

/** A finding of a tool that shows messages beside lines of code. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly level: 'error' | 'warning' | 'note';
  /** `add-check`; `unknown-statement` and `not-checked` are not rules of the migrator. */
  readonly rule: string;
  readonly message: string;
  /** Why its author accepts it. */
  readonly accepted?: string;
}

/** Outcomes that are worth a message. */
const SHOWN = new Set<Outcome>(['steps', 'unknown', 'refused', 'accepted']);

/** The findings of a check, in the order of the files. */
export function findingsOf(files: readonly CheckedFile[], strict: boolean): Finding[] {
  return files.flatMap((file) => [
    ...(file.problem === undefined
      ? []
      : [
          {
            file: file.file,
            line: file.problem.line,
            level: 'error' as const,
            rule: 'not-checked',
            message: file.problem.message,
          },
        ]),
    ...(file.note === undefined
      ? []
      : [
          {
            file: file.file,
            line: 1,
            level: 'warning' as const,
            rule: 'sends-statements',
            message: file.note,
          },
        ]),
    ...file.statements
      .filter(({ outcome }) => SHOWN.has(outcome))
      .map((checked): Finding => {
        const { statement, outcome, rule } = checked;
        const steps = stepsOf(checked).flatMap(({ statements }) => statements);
        const message = [
          `${firstLine(statement.text)}: ${sentenceOf(checked)}.`,
          ...steps.map((sql) => `  ${sql};`),
        ];
        return {
          file: file.file,
          line: statement.line,
          level: isFailure(outcome, strict) ? 'error' : outcome === 'accepted' ? 'note' : 'warning',
          rule: rule === null ? 'unknown-statement' : kebab(rule),
          message: message.join('\n'),
          ...(statement.accepted !== undefined && { accepted: statement.accepted }),
        };
      }),
    ...file.statements.flatMap(({ statement, warnings }) =>
      warnings.map(({ rule, message }): Finding => ({
        file: file.file,
        line: statement.line,
        level: strict ? 'error' : 'warning',
        rule,
        message: `${firstLine(statement.text)}: ${message}.`,
      })),
    ),
  ]);
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
