import type { RangeVar } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import { asKind, type Statement } from '../../sql/statements.ts';
import { besideName, nameOf } from './relation-names.ts';
import type { RuleContext } from './rule.ts';
import { addedConstraint, stringsOf, tableCommandOf } from './table-command.ts';
import { tableInUse } from './verdicts.ts';

/** Constraints that a rule adds in the statement that drops the earlier one. */
const REPLACED = new Set<string | undefined>([
  'CONSTR_CHECK',
  'CONSTR_FOREIGN',
  'CONSTR_UNIQUE',
  'CONSTR_PRIMARY',
]);

/** Commands that do not need the earlier constraint or index to be gone. Dropping a key does, if it is the one that a foreign key uses. */
const HARMLESS_BETWEEN = new Set<string | undefined>([
  'AT_AddColumn',
  'AT_ColumnDefault',
  'AT_DropNotNull',
  'AT_AddConstraint',
  'AT_DropConstraint',
]);

/**
 * Finds the statements that add a constraint or an index of a name that an earlier statement drops. MikroORM replaces both in this order,
 * so nothing would enforce the constraint, or serve the queries, until the new one is there. The earlier statement runs in the place of
 * the later one, so only harmless statements on the same table may lie between.
 *
 * @param statements each with one command
 * @returns the statement that drops, by the statement that adds
 */
export async function findReplacements(
  statements: readonly Statement[],
  context: RuleContext,
): Promise<Map<Statement, Statement>> {
  const dropped = new Map<string, number>();
  const found = new Map<Statement, Statement>();
  for (const [place, statement] of statements.entries()) {
    if (statement.accepted !== undefined) continue;
    const name = droppedName(statement);
    if (name !== undefined) dropped.set(name, place);
    const added = addedName(statement);
    const earlier = added === undefined ? undefined : dropped.get(added.name);
    if (added === undefined || earlier === undefined) continue;
    dropped.delete(added.name);
    if (!statements.slice(earlier + 1, place).every((between) => isHarmlessBetween(between, added.table)))
      continue;
    // Nobody misses it on a table without rows.
    const table = await tableInUse(added.table, context);
    if (table !== undefined && (table.kind === 'r' || !added.isIndex))
      found.set(statement, statements[earlier]!);
  }
  return found;
}

/** Whether an earlier constraint or index of the table may stay until after the statement. */
export function isHarmlessBetween(statement: Statement, table: RangeVar): boolean {
  const index = asKind(statement.tree, 'IndexStmt');
  if (index?.relation !== undefined) return nameOf(index.relation) === nameOf(table);
  if (asKind(statement.tree, 'DropStmt')?.removeType === 'OBJECT_INDEX') return true;
  const alter = tableCommandOf(statement);
  return (
    alter !== undefined &&
    nameOf(alter.table) === nameOf(table) &&
    HARMLESS_BETWEEN.has(alter.command.subtype)
  );
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
    const { relation, idxname } = index;
    return { name: `index ${besideName(relation, idxname)}`, table: relation, isIndex: true };
  }
  const alter = tableCommandOf(statement);
  const constraint = alter && addedConstraint(alter);
  // With an index that is there, the constraint is added at once.
  const isReplaced = REPLACED.has(constraint?.contype) && constraint?.indexname === undefined;
  if (alter === undefined || constraint?.conname === undefined || !isReplaced) return undefined;
  const name = `constraint ${nameOf(alter.table)} ${escapeIdentifier(constraint.conname)}`;
  return { name, table: alter.table, isIndex: false };
}
