import { asKind } from '../../sql/statements.ts';
import type { Rule } from '../planning/rule.ts';
import { tableCommandOf } from '../planning/table-command.ts';
import { tableInUse } from '../planning/verdicts.ts';

/**
 * `add column` after a statement that drops another column of the table. A property that gets another name and another type leads to
 * these statements, and all values are lost. Somebody who means to lose them writes a comment above the statement that drops:
 * `-- online: after <migration>` or `-- online: accepted <reason>`.
 */
export const replacesColumn: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  const column =
    alter?.command.subtype === 'AT_AddColumn' ? asKind(alter.command.def, 'ColumnDef') : undefined;
  if (alter === undefined || column === undefined) return undefined;
  const kinds = (column.constraints ?? []).map((node) => asKind(node, 'Constraint')?.contype);
  // A generated column has no values of its own, and an identity has a rule.
  if (kinds.includes('CONSTR_GENERATED') || kinds.includes('CONSTR_IDENTITY')) return undefined;
  const dropped = context.made.lostColumns(alter.table);
  const table = dropped.length === 0 ? undefined : await tableInUse(alter.table, context);
  if (table === undefined) return undefined;
  const [first] = dropped;
  const name = column.colname!;
  return {
    kind: 'refused',
    reason: `an earlier statement drops ${dropped.join(' and ')} of the same table, and its values are lost`,
    instead:
      first === name
        ? `keep the column, and change it: a new type is a change of its own, \`npx online-migration new --table ${table.name} --column ${name} --to <type>\``
        : `if ${name} is ${first} under another name, rename it in place of both statements, and change its type afterwards; ` +
          `if not, write above the statement that drops it \`-- online: after <the migration of the version that does not use it>\``,
  };
};
