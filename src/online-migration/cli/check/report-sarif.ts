import { relative } from 'node:path';
import type { Finding } from './findings.ts';

/**
 * Findings in the Static Analysis Results Interchange Format 2.1.0, which code scanning services read.
 * @param version of the package
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function sarifReport(findings: readonly Finding[], version: string): string {
  const rules = [...new Set(findings.map(({ rule }) => rule))].toSorted();
  return JSON.stringify({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'online-migration',
            semanticVersion: version,
            rules: rules.map((id) => ({ id, shortDescription: { text: id.replaceAll('-', ' ') } })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: findings.map(({ file, line, level, rule, message, accepted }) => ({
          ruleId: rule,
          ruleIndex: rules.indexOf(rule),
          level,
          message: { text: message },
          locations: [
            {
              physicalLocation: { artifactLocation: { uri: uriOf(file) }, region: { startLine: line } },
            },
          ],
          ...(accepted !== undefined && {
            suppressions: [{ kind: 'inSource', ...(accepted !== '' && { justification: accepted }) }],
          }),
        })),
      },
    ],
  });
}

/** A path from the working directory, as an address. */
function uriOf(file: string): string {
  return relative(process.cwd(), file).split(/[\\/]/).map(encodeURIComponent).join('/');
}
