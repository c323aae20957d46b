import { asKind } from '../../sql/statements.ts';
import type { Rule } from '../planning/rule.ts';
import { tableCommandOf } from '../planning/table-command.ts';
import { tableInUse } from '../planning/verdicts.ts';

/**
 * `disable trigger` and, later in the migration, `enable trigger`: either nobody can write to the table in between, or the writes of
 * everybody come in without the trigger. Refused. A trigger that stays off, or that is enabled for good, is a change of the catalog.
 */
export const pauseTrigger: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  if (alter === undefined || !/^AT_Enable.*Trig$/.test(alter.command.subtype ?? '')) return undefined;
  const { name } = alter.command;
  const isPaused = context.made.altering(alter.table).some((earlier) =>
    asKind(earlier, 'AlterTableStmt')?.cmds?.some((node) => {
      const command = asKind(node, 'AlterTableCmd');
      return command?.subtype === 'AT_DisableTrig' && command.name === name;
    }),
  );
  if (!isPaused || (await tableInUse(alter.table, context)) === undefined) return undefined;
  return {
    kind: 'refused',
    reason: `the trigger ${name} would be off for everybody in between`,
    instead:
      "leave both statements out, and let the trigger's function return at once if a setting of the session is on: `current_setting('app.quiet', true) = 'on'`",
  };
};
