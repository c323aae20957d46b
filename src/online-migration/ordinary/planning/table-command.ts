import type { AlterTableCmd, AlterTableStmt, Node, RangeVar } from 'libpg-query';
import { asKind, type Statement } from '../../sql/statements.ts';
import { nameOf } from './relation-names.ts';

/** `alter table` with one command. */
export interface TableCommand {
  readonly statement: AlterTableStmt;
  readonly table: RangeVar;
  readonly command: AlterTableCmd;
}

/** The command of `alter table`; undefined for another statement, and for several commands. */
export function tableCommandOf({ tree }: Statement): TableCommand | undefined {
  const statement = asKind(tree, 'AlterTableStmt');
  const [command, ...others] = (statement?.cmds ?? []).map((node) => asKind(node, 'AlterTableCmd'));
  if (statement?.objtype !== 'OBJECT_TABLE' || statement.relation === undefined) return undefined;
  return command === undefined || others.length > 0
    ? undefined
    : { statement, table: statement.relation, command };
}

/** The constraint that a command adds. */
export function addedConstraint({ command }: TableCommand) {
  return command.subtype === 'AT_AddConstraint' ? asKind(command.def, 'Constraint') : undefined;
}

/** The same `alter table` with other commands. */
export function withCommands({ statement }: TableCommand, ...commands: readonly AlterTableCmd[]): Node {
  return { AlterTableStmt: { ...statement, cmds: commands.map((AlterTableCmd) => ({ AlterTableCmd })) } };
}

/** The same command for another table. */
export function onTable({ statement }: TableCommand, relation: RangeVar): Node {
  return { AlterTableStmt: { ...statement, relation } };
}

/**
 * The next statement, if it adds a constraint of the name that this one drops. MikroORM replaces a constraint by two statements; in
 * between, rows that violate both could come in.
 */
export function replacementOf(
  { table, command }: TableCommand,
  next: Statement | undefined,
): TableCommand | undefined {
  if (command.subtype !== 'AT_DropConstraint' || next === undefined || next.accepted !== undefined)
    return undefined;
  const added = tableCommandOf(next);
  const isSame = added !== undefined && nameOf(added.table) === nameOf(table);
  return isSame && addedConstraint(added)?.conname === command.name ? added : undefined;
}

/** The strings of a list of nodes. */
export function stringsOf(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).map((node) => asKind(node, 'String')?.sval ?? '');
}
