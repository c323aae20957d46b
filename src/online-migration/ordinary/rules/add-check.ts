import type { Constraint, Node } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import { asKind } from '../../sql/statements.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import { chooseName, nameOfPostgres } from '../planning/choose-name.ts';
import type { Rule, RuleContext, Verdict } from '../planning/rule.ts';
import { isAlone } from '../planning/relation-names.ts';
import { MOST_ROWS, rowLabel } from '../planning/row-label.ts';
import { find, locked, type Step, validate } from '../planning/step.ts';
import {
  addedConstraint,
  onTable,
  droppingCommands,
  stringsOf,
  type TableCommand,
  tableCommandOf,
  withCommands,
} from '../planning/table-command.ts';
import { onFreeTable, tableInUse, written } from '../planning/verdicts.ts';

/**
 * `add check`: ACCESS EXCLUSIVE while every row is checked.
 *
 * 1. Find rows that violate it, and refuse if there are some.
 * 2. `add constraint … not valid`, in the same statement with the `drop constraint` of the same name ahead of it: a change of the
 *    catalog. From here on new rows are checked.
 * 3. `validate constraint`: reads the table under SHARE UPDATE EXCLUSIVE.
 */
export const addCheck: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  if (alter === undefined) return undefined;
  const dropping = droppingCommands(context.replaces);
  const check = addedConstraint(alter);
  if (check?.contype !== 'CONSTR_CHECK' || check.raw_expr === undefined) return undefined;
  const table = await tableInUse(alter.table, context);
  if (table === undefined) return onFreeTable(alter.table, context);
  if (check.skip_validation && dropping.length === 0) {
    return { kind: 'steps', reason: 'it locks the table', steps: [locked(statement.text, [table.name])] };
  }
  const conname =
    check.conname ??
    (await nameOfPostgres(context, alter.table, (trial) => onTable(alter, trial))) ??
    (await chooseName(context, alter.table, [...singleColumnIn(check.raw_expr), 'check']));
  const notValid = { ...check, conname, skip_validation: true, initially_valid: false };
  const commands = [...dropping, { ...alter.command, def: { Constraint: notValid } }];
  const violations = await violationsOf(alter, check, table.name, context);
  return written(withCommands(alter, ...commands), context, (sql): Verdict => ({
    kind: 'steps',
    reason: 'it reads the whole table while nobody can use it',
    steps: [
      ...violations,
      locked(sql, [table.name]),
      ...(check.skip_validation
        ? []
        : [
            validate(
              `alter table ${table.name} validate constraint ${escapeIdentifier(conname)}`,
              table.name,
            ),
          ]),
    ],
  }));
};

/** The search for rows that violate the condition; none if it cannot be written as a query. */
async function violationsOf(
  { table: relation }: TableCommand,
  { raw_expr: condition, is_no_inherit: isNotInherited }: Constraint,
  table: string,
  context: RuleContext,
): Promise<Step[]> {
  if (condition === undefined) return [];
  const select: Node = {
    SelectStmt: {
      targetList: [{ ResTarget: { val: { A_Const: { ival: { ival: 1 } } } } }],
      fromClause: [{ RangeVar: relation }],
      whereClause: { BoolExpr: { boolop: 'NOT_EXPR', args: [condition] } },
      limitOption: 'LIMIT_OPTION_DEFAULT',
      op: 'SETOP_NONE',
    },
  };
  const sql = writeStatement(context.parser, select);
  const where = sql?.slice(sql.search(/\bWHERE\b/));
  if (where === undefined) return [];
  const name = relation.alias?.aliasname ?? relation.relname!;
  const label = await rowLabel(context, relation, escapeIdentifier(name));
  const only = isNotInherited === true || isAlone(relation) ? 'only ' : '';
  const query = `select ${label} as found from ${only}${table} as ${escapeIdentifier(name)} ${where} limit ${MOST_ROWS}`;
  return [find(query, [table], `Rows of ${table} violate the check: correct them.`)];
}

/** The column of a condition on one column. It is in the name that PostgreSQL gives. */
function singleColumnIn(condition: Node): string[] {
  const columns = new Set(columnsIn(condition));
  return columns.size === 1 ? [...columns] : [];
}

function columnsIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  const column = 'ColumnRef' in part ? asKind(part as Node, 'ColumnRef') : undefined;
  return column === undefined ? Object.values(part).flatMap(columnsIn) : stringsOf(column.fields).slice(-1);
}
