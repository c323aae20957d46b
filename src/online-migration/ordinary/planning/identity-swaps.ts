import type { RangeVar } from 'libpg-query';
import { asKind, type Statement } from '../../sql/statements.ts';
import { nameOf } from './relation-names.ts';
import type { RuleContext } from './rule.ts';
import { tableCommandOf } from './table-command.ts';
import { tableInUse } from './verdicts.ts';

/**
 * Finds the statements that make an identity of a column whose default an earlier statement drops. In between, an insert would have no
 * number, so all of them run together, in the place of the last one. Only `drop sequence` may lie between, and it runs with them.
 *
 * @param statements each with one command
 * @returns the earlier statements, by the statement that adds the identity
 */
export async function findIdentitySwaps(
  statements: readonly Statement[],
  context: RuleContext,
): Promise<Map<Statement, readonly Statement[]>> {
  const found = new Map<Statement, readonly Statement[]>();
  for (const [place, statement] of statements.entries()) {
    const added = identityOf(statement);
    if (added === undefined || statement.accepted !== undefined) continue;
    let first = place - 1;
    while (first >= 0 && isDropSequence(statements[first]!)) first--;
    const earlier = statements[first];
    if (earlier === undefined || earlier.accepted !== undefined || !dropsDefault(earlier, added)) continue;
    if ((await tableInUse(added.table, context)) === undefined) continue;
    found.set(statement, statements.slice(first, place));
  }
  return found;
}

/** The column that a statement makes an identity. */
export function identityOf(statement: Statement): { table: RangeVar; column: string } | undefined {
  const alter = tableCommandOf(statement);
  return alter?.command.subtype === 'AT_AddIdentity'
    ? { table: alter.table, column: alter.command.name! }
    : undefined;
}

function isDropSequence({ tree, accepted }: Statement): boolean {
  return asKind(tree, 'DropStmt')?.removeType === 'OBJECT_SEQUENCE' && accepted === undefined;
}

function dropsDefault(statement: Statement, { table, column }: { table: RangeVar; column: string }): boolean {
  const alter = tableCommandOf(statement);
  return (
    alter?.command.subtype === 'AT_ColumnDefault' &&
    alter.command.def === undefined &&
    alter.command.name === column &&
    nameOf(alter.table) === nameOf(table)
  );
}
