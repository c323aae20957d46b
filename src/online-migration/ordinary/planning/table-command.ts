import type { AlterTableCmd, AlterTableStmt, Node, RangeVar } from 'libpg-query';
import { asKind, type Statement } from '../../sql/statements.ts';

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

/** The command that drops the constraint which a statement replaces; it may be gone by then, with a column. */
export function droppingCommands(replaces: Statement | undefined): AlterTableCmd[] {
  const dropped = replaces && tableCommandOf(replaces);
  return dropped === undefined ? [] : [{ ...dropped.command, missing_ok: true }];
}

/** The strings of a list of nodes. */
export function stringsOf(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).map((node) => asKind(node, 'String')?.sval ?? '');
}
