import type { CheckedFile } from './checked-file.ts';

/** The report for programs. */
export function jsonReport(files: readonly CheckedFile[]): string {
  return JSON.stringify({
    files: files.map(({ file, statements, leftOut, note, problem }) => ({
      file,
      ...(leftOut !== undefined && { leftOut }),
      ...(note !== undefined && { note }),
      ...(problem !== undefined && {
        problem: { code: problem.code, message: problem.message, line: problem.line },
      }),
      statements: statements.map(({ statement, verdict, outcome, rule, warnings, assumed, table }) => ({
        line: statement.line,
        statement: statement.text,
        outcome,
        rule,
        ...(verdict.kind !== 'as-written' && outcome !== 'as-written' && { reason: verdict.reason }),
        ...(verdict.kind === 'refused' && { instead: verdict.instead }),
        ...(verdict.kind === 'steps' && outcome === 'steps' && { steps: verdict.steps }),
        ...(statement.accepted !== undefined && { accepted: statement.accepted }),
        ...(warnings.length > 0 && { warnings }),
        ...(table !== undefined && { table }),
        assumed,
      })),
    })),
  });
}
