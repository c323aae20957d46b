import { escapeIdentifier } from 'pg';
import { asKind } from '../../sql/statements.ts';
import type { Rule } from '../planning/rule.ts';
import { tableCommandOf } from '../planning/table-command.ts';
import { tableInUse } from '../planning/verdicts.ts';

/**
 * `alter constraint … enforced`, since PostgreSQL 18: SHARE ROW EXCLUSIVE on both tables of the foreign key while every row is looked up.
 * Refused: PostgreSQL cannot enforce it for new rows first.
 */
export const enforceConstraint: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  const altered =
    alter?.command.subtype === 'AT_AlterConstraint'
      ? asKind(alter.command.def, 'ATAlterConstraint')
      : undefined;
  if (alter === undefined || !altered?.alterEnforceability || !altered.is_enforced) return undefined;
  const table = await tableInUse(alter.table, context);
  if (table === undefined) return undefined;
  const name = escapeIdentifier(altered.conname!);
  return {
    kind: 'refused',
    reason: 'it looks up every row while nobody can write to either table',
    instead:
      `drop it and add it again, in one migration: \`alter table ${table.name} drop constraint ${name}\`, ` +
      `\`alter table ${table.name} add constraint ${name} foreign key …\`. It is added NOT VALID then, and validated`,
  };
};
