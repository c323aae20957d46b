import { escapeIdentifier } from 'pg';
import { asKind } from '../../sql/statements.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import type { Rule } from '../planning/rule.ts';
import { locked } from '../planning/step.ts';
import { type TableCommand, tableCommandOf } from '../planning/table-command.ts';
import { columnOf } from '../planning/table-facts.ts';
import { onFreeTable, tableInUse } from '../planning/verdicts.ts';

/** The type in a statement that contains it alone. */
const TYPE = /^SELECT (?:NULL::(?<a>.*)|CAST\(NULL AS (?<b>.*)\))$/;

/**
 * `alter column … type`, `alter column … set expression`: ACCESS EXCLUSIVE. PostgreSQL rewrites the table and its indexes, unless every old value is stored as the new type
 * would store it. Then it only changes the catalog.
 *
 * 1. PostgreSQL is asked: the statement runs on an empty table of the same columns and indexes, which is rolled back.
 * 2. If it rewrites neither, the statement runs as it is. Otherwise a column change does it for a type.
 */
export const changeType: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  const isExpression = alter?.command.subtype === 'AT_SetExpression';
  if (alter === undefined || (alter.command.subtype !== 'AT_AlterColumnType' && !isExpression))
    return undefined;
  const table = await tableInUse(alter.table, context);
  if (table === undefined) return onFreeTable(alter.table, context);
  const column = alter.command.name!;
  const isMissing = columnOf(table, column) === undefined && !context.made.hasAltered(alter.table, column);
  if (isMissing || (await context.catalog.changesTypeAtOnce(alter, context.made.altered(alter.table)))) {
    return { kind: 'steps', reason: 'it locks the table', steps: [locked(statement.text, [table.name])] };
  }
  const reason = 'it rewrites or reads the whole table while nobody can use it';
  if (isExpression) {
    return {
      kind: 'refused',
      reason,
      instead: `add another column with the new expression in its place, as a plain column that a trigger fills, and fill it in batches`,
    };
  }
  const type = TYPE.exec(writeStatement(context.parser, typeStatement(alter)) ?? '')?.groups;
  return {
    kind: 'refused',
    reason,
    instead: `\`npx online-migration new --table ${table.name} --column ${escapeIdentifier(column)} --to '${type?.['a'] ?? type?.['b'] ?? '<type>'}'\` writes a column change that does it beside the traffic`,
  };
};

/** A statement that contains the new type alone. */
function typeStatement({ command }: TableCommand) {
  const typeName = asKind(command.def, 'ColumnDef')?.typeName;
  return {
    SelectStmt: {
      targetList: [
        {
          ResTarget: {
            val: { TypeCast: { arg: { A_Const: { isnull: true } }, ...(typeName && { typeName }) } },
          },
        },
      ],
      limitOption: 'LIMIT_OPTION_DEFAULT' as const,
      op: 'SETOP_NONE' as const,
    },
  };
}
