import type { AlterTableCmd, ColumnDef, Constraint, Node } from 'libpg-query';
import type { SqlParser } from '../../sql/sql-parser.ts';
import { asKind, type Statement } from '../../sql/statements.ts';
import { writeStatement } from '../../sql/write-statement.ts';

/**
 * Writes an `alter table` for each command of a statement, and for each check and unique constraint of a new column. A statement
 * of which a part cannot be written alone stays as it is.
 */
export function separate(statement: Statement, parser: SqlParser): Statement[] {
  const alter = asKind(statement.tree, 'AlterTableStmt');
  if (alter?.objtype !== 'OBJECT_TABLE' || statement.accepted !== undefined) return [statement];
  const commands = alter
    .cmds!.flatMap(withoutConstraints)
    .toSorted((one, other) => turnOf(one) - turnOf(other));
  if (commands.length < 2) return [statement];
  const parts = commands.map((command) => {
    const tree = { AlterTableStmt: { ...alter, cmds: [command] } };
    const text = writeStatement(parser, tree);
    return text === null ? null : { ...statement, text, tree };
  });
  return parts.every((part) => part !== null) ? parts : [statement];
}

/** PostgreSQL drops first, and adds constraints last: they may come before their column in the text. */
function turnOf(command: Node): number {
  const subtype = asKind(command, 'AlterTableCmd')?.subtype;
  if (subtype === 'AT_DropColumn' || subtype === 'AT_DropConstraint') return 0;
  return subtype === 'AT_AddConstraint' ? 2 : 1;
}

/** `add column` without its constraints, and a command for each of them. */
function withoutConstraints(node: Node): Node[] {
  const command = asKind(node, 'AlterTableCmd');
  const column = command?.subtype === 'AT_AddColumn' ? asKind(command.def, 'ColumnDef') : undefined;
  // If the column is there, PostgreSQL adds none of them.
  if (command === undefined || column === undefined || command.missing_ok) return [node];
  const constraints = (column.constraints ?? []).map((each) => asKind(each, 'Constraint')!);
  // An attribute such as `deferrable` belongs to the one before it.
  if (constraints.some(({ contype }) => contype?.startsWith('CONSTR_ATTR_'))) return [node];
  const apart = constraints.filter(
    ({ contype }) => contype === 'CONSTR_CHECK' || contype === 'CONSTR_UNIQUE',
  );
  if (apart.length === 0) return [node];
  const rest = constraints.filter((constraint) => !apart.includes(constraint));
  const { constraints: _, ...alone } = column;
  const def: ColumnDef =
    rest.length === 0 ? alone : { ...alone, constraints: rest.map((Constraint) => ({ Constraint })) };
  return [
    { AlterTableCmd: { ...command, def: { ColumnDef: def } } },
    ...apart.map((constraint) => ({ AlterTableCmd: adding(ofTable(constraint, column.colname!)) })),
  ];
}

function adding(constraint: Constraint): AlterTableCmd {
  return { subtype: 'AT_AddConstraint', def: { Constraint: constraint }, behavior: 'DROP_RESTRICT' };
}

/** The constraint of a column as one of the table. */
function ofTable(constraint: Constraint, name: string): Constraint {
  return constraint.contype === 'CONSTR_UNIQUE'
    ? { ...constraint, keys: [{ String: { sval: name } }] }
    : constraint;
}
