import { escapeIdentifier } from 'pg';
import { chooseName } from '../planning/choose-name.ts';
import { isAlone } from '../planning/relation-names.ts';
import type { Rule, Verdict } from '../planning/rule.ts';
import { locked, validate } from '../planning/step.ts';
import { columnOf } from '../planning/table-facts.ts';
import { addedConstraint, stringsOf, tableCommandOf, withCommands } from '../planning/table-command.ts';
import { onFreeTable, tableInUse, written } from '../planning/verdicts.ts';
import { findNulls } from './set-not-null.ts';

/**
 * `add constraint … not null`, since PostgreSQL 18: ACCESS EXCLUSIVE while every row is read.
 *
 * 1. Find rows without a value, and refuse if there are some.
 * 2. `add constraint … not null … not valid`: a change of the catalog. From here on new rows are checked.
 * 3. `validate constraint`: reads the table under SHARE UPDATE EXCLUSIVE.
 */
export const addNotNull: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  const added = alter && addedConstraint(alter);
  if (alter === undefined || added?.contype !== 'CONSTR_NOTNULL') return undefined;
  const table = await tableInUse(alter.table, context);
  if (table === undefined) return onFreeTable(alter.table, context);
  const [column = ''] = stringsOf(added.keys);
  const isAltered = context.made.hasAltered(alter.table, column);
  const found = columnOf(table, column);
  // PostgreSQL refuses a second one at once.
  const isOne = found === undefined || found.notNull || found.notValid !== undefined;
  if (added.skip_validation || (!isAltered && isOne)) {
    return { kind: 'steps', reason: 'it locks the table', steps: [locked(statement.text, [table.name])] };
  }
  const conname = added.conname ?? (await chooseName(context, alter.table, [column, 'not_null']));
  const notValid = { ...added, conname, skip_validation: true, initially_valid: false };
  const isOfTableAlone = isAlone(alter.table) || added.is_no_inherit === true;
  const nulls = await findNulls(context, alter.table, table.name, column, isOfTableAlone);
  return written(
    withCommands(alter, { ...alter.command, def: { Constraint: notValid } }),
    context,
    (sql): Verdict => ({
      kind: 'steps',
      reason: 'it reads the whole table while nobody can use it',
      steps: [
        nulls,
        locked(sql, [table.name]),
        validate(`alter table ${table.name} validate constraint ${escapeIdentifier(conname)}`, table.name),
      ],
    }),
  );
};
