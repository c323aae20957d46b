import { asKind, type Statement } from '../../sql/statements.ts';
import { droppedRelations } from './dropped-objects.ts';
import { nameOf } from './relation-names.ts';
import type { DroppedPart } from './catalog.ts';
import type { RuleContext } from './rule.ts';
import { tableCommandOf } from './table-command.ts';
import type { TableFacts } from './table-facts.ts';

/** Reads the constraint or the index of the table that a statement drops; undefined if it drops none. */
export async function readDroppedPart(
  statement: Statement,
  table: TableFacts,
  { catalog }: RuleContext,
): Promise<DroppedPart | undefined> {
  if (statement.accepted !== undefined) return undefined;
  const drop = asKind(statement.tree, 'DropStmt');
  if (drop?.removeType === 'OBJECT_INDEX' && drop.objects?.length === 1 && drop.behavior !== 'DROP_CASCADE')
    return catalog.readIndexPart(nameOf(droppedRelations(drop)[0]!), table.name);
  const command = tableCommandOf(statement)?.command;
  return command?.subtype === 'AT_DropConstraint' && command.behavior !== 'DROP_CASCADE'
    ? catalog.readConstraintPart(command.name ?? '', table.name)
    : undefined;
}
