import type { SuiteResult } from './run-suite.ts';

/** How the suite went on one major. */
export interface MajorResult {
  readonly major: number;
  /** The version that the server gives for itself. */
  readonly server: string;
  readonly suite: SuiteResult;
}

const HEADINGS = ['major', 'server', 'passed', 'failed', 'skipped', 'seconds'];
const GAP = '  ';

/** The results as a table for people: a line for the headings, and one for each major. */
export function matrixTable(results: readonly MajorResult[]): string {
  const rows = [HEADINGS, ...results.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column]!)).join(GAP)).join('\n');
}

function cellsOf({ major, server, suite }: MajorResult): string[] {
  const counts = [suite.passed, suite.failed, suite.skipped].map(String);
  return [String(major), server, ...counts, suite.seconds.toFixed(1)];
}
