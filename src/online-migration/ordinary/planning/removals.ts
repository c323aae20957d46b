import type { Node, RangeVar } from 'libpg-query';
import { asKind } from '../../sql/statements.ts';
import { nameOf } from './relation-names.ts';

/**
 * The tables of which a statement takes away a column, the name or everything. A process that was built for the schema before it
 * then fails.
 * @returns their names, as the statement has them
 */
export function removesFrom(tree: Node): string[] {
  const renamed = asKind(tree, 'RenameStmt');
  if (renamed?.relation !== undefined && RENAMED.has(renamed.renameType)) return [nameOf(renamed.relation)];
  const moved = asKind(tree, 'AlterObjectSchemaStmt');
  if (moved?.relation !== undefined && DROPPED.has(moved.objectType)) return [nameOf(moved.relation)];
  const alter = asKind(tree, 'AlterTableStmt');
  const drops = (alter?.cmds ?? []).some(
    (command) => asKind(command, 'AlterTableCmd')?.subtype === 'AT_DropColumn',
  );
  if (alter?.relation !== undefined && drops) return [nameOf(alter.relation)];
  const drop = asKind(tree, 'DropStmt');
  if (drop === undefined || !DROPPED.has(drop.removeType)) return [];
  return (drop.objects ?? []).map((object) => nameOf(relationIn(object)));
}

const RELATIONS = ['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW', 'OBJECT_FOREIGN_TABLE'];
const RENAMED = new Set<string | undefined>([...RELATIONS, 'OBJECT_COLUMN']);
const DROPPED = new Set<string | undefined>(RELATIONS);

function relationIn(object: Node): RangeVar {
  const names = (asKind(object, 'List')?.items ?? []).map((item) => asKind(item, 'String')?.sval ?? '');
  const relname = names.at(-1) ?? '';
  return names.length > 1 ? { schemaname: names.at(-2)!, relname } : { relname };
}
