import type { ColumnDef, Node, RangeVar } from 'libpg-query';
import { asKind } from '../../sql/statements.ts';
import { expressionOf, fillAdvice } from '../planning/fill-advice.ts';
import type { Rule, RuleContext, Verdict } from '../planning/rule.ts';
import { stringsOf, tableCommandOf } from '../planning/table-command.ts';
import { asWritten, onFreeTable, tableInUse } from '../planning/verdicts.ts';

/** The column gets a number from a sequence, which rewrites the table. */
const SERIAL = /^(?:small|big)?serial[248]?$/;

/**
 * `add column`: ACCESS EXCLUSIVE for a change of the catalog, if all rows get the same value. Otherwise every row is rewritten under it,
 * or read for a constraint.
 */
export const addColumn: Rule = async (statement, context) => {
  const alter = tableCommandOf(statement);
  const column =
    alter?.command.subtype === 'AT_AddColumn' ? asKind(alter.command.def, 'ColumnDef') : undefined;
  if (alter === undefined || column === undefined) return undefined;
  const table = await tableInUse(alter.table, context);
  if (table === undefined) return onFreeTable(alter.table, context);
  const isThere =
    table.columns?.[column.colname!] !== undefined && !context.made.hasAltered(alter.table, column.colname!);
  if (alter.command.missing_ok && isThere) return asWritten(table.name);
  const danger = await dangerOf(column, alter.table, context);
  return danger ?? asWritten(table.name);
};

type Refused = Extract<Verdict, { kind: 'refused' }>;

async function dangerOf(
  column: ColumnDef,
  table: RangeVar,
  { catalog, made, parser }: RuleContext,
): Promise<Refused | undefined> {
  const name = column.colname!;
  const constraints = (column.constraints ?? []).flatMap((node) => asKind(node, 'Constraint') ?? []);
  const has = (...types: string[]) => constraints.some(({ contype }) => types.includes(contype ?? ''));
  const given = constraints.find(({ contype }) => contype === 'CONSTR_DEFAULT')?.raw_expr;
  const type = stringsOf(column.typeName?.names).at(-1) ?? '';
  const generated = constraints.find(({ contype }) => contype === 'CONSTR_GENERATED');
  const fill = (value: string) => fillAdvice(parser, table, name, value);
  if (SERIAL.test(type) || has('CONSTR_IDENTITY')) {
    return refused(
      'it gives every row a number, and rewrites the table while nobody can use it',
      `add ${name} without a default, set the default to the next value of a sequence, ${fill(`nextval('…')`)}, and set it not null`,
    );
  }
  if (generated !== undefined && generated.generated_kind !== 'v') {
    return refused(
      'it computes the column for every row, and rewrites the table while nobody can use it',
      `add ${name} as a plain column that a trigger fills, and ${fill(expressionOf(parser, generated.raw_expr) ?? '…')}; on PostgreSQL 18 a virtual column costs nothing`,
    );
  }
  if (given !== undefined && (await catalog.hasVolatile(functionsIn(given)))) {
    return refused(
      'its default differs from row to row, so it rewrites the table while nobody can use it',
      `add ${name} without a default, set the default in a statement of its own, ${fill(expressionOf(parser, given) ?? '…')}, and set it not null`,
    );
  }
  const names = stringsOf(column.typeName?.names);
  if (made.hasCheckedDomain(type) || (await catalog.isCheckedDomain(names))) {
    return refused(
      'its type is a domain with a constraint, so it rewrites the table while nobody can use it',
      `add ${name} with the domain's base type, and add the domain's condition as a check`,
    );
  }
  if (has('CONSTR_NOTNULL') && (given === undefined || isNullConstant(given)) && generated === undefined) {
    return refused(
      'the rows that are there have no value for it',
      `add ${name} without \`not null\`, or with a default; ${fill('…')}, and set it not null`,
    );
  }
  const isFilled = given !== undefined && !isNullConstant(given);
  if (has('CONSTR_UNIQUE', 'CONSTR_PRIMARY', 'CONSTR_CHECK') || (isFilled && has('CONSTR_FOREIGN'))) {
    return refused(
      'its constraint reads the whole table while nobody can use it',
      `add ${name} without the constraint, and the constraint with \`alter table … add constraint\``,
    );
  }
  return undefined;
}

function refused(reason: string, instead: string): Refused {
  return { kind: 'refused', reason, instead };
}

function isNullConstant(expression: Node): boolean {
  return asKind(expression, 'A_Const')?.isnull === true;
}

/** The names of the functions that a tree calls, without their schemas. */
function functionsIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  const called = 'FuncCall' in part ? asKind(part as Node, 'FuncCall') : undefined;
  const own = called === undefined ? [] : stringsOf(called.funcname).slice(-1);
  return [...own, ...Object.values(part).flatMap(functionsIn)];
}
