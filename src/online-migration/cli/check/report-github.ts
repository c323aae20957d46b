import { relative } from 'node:path';
import type { Finding } from './findings.ts';

const COMMANDS = { error: 'error', warning: 'warning', note: 'notice' };

/**
 * Commands that make GitHub show findings beside the lines of a pull request.
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function githubReport(findings: readonly Finding[]): string {
  return findings
    .map(({ file, line, level, rule, message }) => {
      const path = relative(process.cwd(), file).replaceAll('\\', '/');
      return `::${COMMANDS[level]} file=${property(path)},line=${line},title=${property(rule)}::${data(message)}`;
    })
    .join('\n');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
