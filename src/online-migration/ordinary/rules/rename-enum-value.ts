import { escapeIdentifier, escapeLiteral } from 'pg';
import { asKind } from '../../sql/statements.ts';
import type { Rule } from '../planning/rule.ts';
import { stringsOf } from '../planning/table-command.ts';
import { asWritten } from '../planning/verdicts.ts';

/**
 * `alter type … rename value`: a change of the catalog. From then on, processes that write or compare the old label fail, and those
 * that read get a label that they do not know. Refused, if a table with rows uses the type.
 */
export const renameEnumValue: Rule = async ({ tree }, { catalog }) => {
  const alter = asKind(tree, 'AlterEnumStmt');
  if (alter?.oldVal === undefined || alter.newVal === undefined) return undefined;
  const type = stringsOf(alter.typeName).map(escapeIdentifier).join('.');
  const used = await catalog.findTableWithType(stringsOf(alter.typeName));
  if (used === undefined) return asWritten();
  const [from, to] = [escapeLiteral(alter.oldVal), escapeLiteral(alter.newVal)];
  return {
    kind: 'refused',
    reason: `processes that still write ${from} to ${used} fail from then on, and those that read it do not know ${to}`,
    instead:
      `add the value with \`alter type ${type} add value ${to}\`, deploy a version that reads both and writes ${to}, ` +
      `change the rows in batches, and leave ${from} unused`,
  };
};
