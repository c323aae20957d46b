import { escapeIdentifier } from 'pg';
import { asKind, type Statement } from '../../sql/statements.ts';
import { besideName, nameOf } from './relation-names.ts';
import type { RuleContext } from './rule.ts';
import { addedConstraint, stringsOf, tableCommandOf } from './table-command.ts';
import { tableInUse } from './verdicts.ts';

/**
 * Finds the statements that add a constraint or an index of a name that an earlier statement drops. MikroORM replaces both in this order,
 * so nothing would enforce the constraint, or serve the queries, until the new one is there.
 *
 * @param statements each with one command
 * @returns the statement that drops, by the statement that adds
 */
export async function findReplacements(
  statements: readonly Statement[],
  context: RuleContext,
): Promise<Map<Statement, Statement>> {
  const dropped = new Map<string, Statement>();
  const found = new Map<Statement, Statement>();
  for (const statement of statements) {
    if (statement.accepted !== undefined) continue;
    const name = droppedName(statement);
    if (name !== undefined) dropped.set(name, statement);
    const added = addedName(statement);
    const earlier = added === undefined ? undefined : dropped.get(added.name);
    if (added === undefined || earlier === undefined) continue;
    dropped.delete(added.name);
    // Nobody misses it on a table without rows.
    if ((await tableInUse(added.table, context)) !== undefined) found.set(statement, earlier);
  }
  return found;
}

function droppedName(statement: Statement): string | undefined {
  const drop = asKind(statement.tree, 'DropStmt');
  if (drop?.removeType === 'OBJECT_INDEX' && drop.objects?.length === 1) {
    return `index ${stringsOf(asKind(drop.objects[0], 'List')?.items).map(escapeIdentifier).join('.')}`;
  }
  const alter = tableCommandOf(statement);
  return alter?.command.subtype === 'AT_DropConstraint' && alter.command.name !== undefined
    ? `constraint ${nameOf(alter.table)} ${escapeIdentifier(alter.command.name)}`
    : undefined;
}

function addedName(statement: Statement) {
  const index = asKind(statement.tree, 'IndexStmt');
  if (index?.relation !== undefined && index.idxname !== undefined) {
    return { name: `index ${besideName(index.relation, index.idxname)}`, table: index.relation };
  }
  const alter = tableCommandOf(statement);
  const conname = alter && addedConstraint(alter)?.conname;
  if (alter === undefined || conname === undefined) return undefined;
  return { name: `constraint ${nameOf(alter.table)} ${escapeIdentifier(conname)}`, table: alter.table };
}
