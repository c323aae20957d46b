import type { RangeVar } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import { asKind, type Statement } from '../../sql/statements.ts';
import { droppedRelations } from './dropped-objects.ts';
import { nameOf } from './relation-names.ts';
import type { RuleContext } from './rule.ts';
import { columnOf, type TableFacts } from './table-facts.ts';

/**
 * The columns, tables and schemas that a statement takes away, or gives another name, and that running code may use.
 * @param later the statements behind it
 * @returns none if nobody can use them yet, its author has written that nobody does, or a later statement makes a view of the name
 */
export async function takenFromRunningCode(
  statement: Statement,
  later: readonly Statement[],
  context: RuleContext,
): Promise<string[]> {
  if ((statement.after ?? statement.accepted) !== undefined) return [];
  const used = await renamedSchema(statement, context);
  for (const { relation, column } of takenAwayBy(statement)) {
    const isKept = column === undefined && later.some((one) => makesView(one, relation));
    const table = isKept ? null : await relationInUse(relation, context);
    if (table === null) continue;
    if (column === undefined) used.push(table.name);
    else if (columnOf(table, column) !== undefined && !context.made.hasMade(relation, column))
      used.push(`${column} of ${table.name}`);
  }
  return used;
}

async function renamedSchema({ tree }: Statement, { catalog }: RuleContext): Promise<string[]> {
  const { renameType, subname: schema } = asKind(tree, 'RenameStmt') ?? {};
  if (renameType !== 'OBJECT_SCHEMA' || schema === undefined) return [];
  return (await catalog.hasSchema([schema])) ? [`the schema ${escapeIdentifier(schema)}`] : [];
}

/** The warning on a statement that takes something from running code; undefined for another one. */
export function warningOn({ takes }: { readonly takes?: readonly string[] }): string | undefined {
  if (takes === undefined || takes.length === 0) return undefined;
  return (
    `processes that still use ${takes.join(' or ')} fail: first deploy a version that does not, and name its newest migration above the ` +
    'statement: `-- online: after <migration>`, or `-- online: accepted <reason>`'
  );
}

/** A column, or the whole relation. */
interface TakenAway {
  readonly relation: RangeVar;
  readonly column?: string;
}

const RELATIONS = new Set<string | undefined>([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_FOREIGN_TABLE',
]);
const TABLES = new Set<string | undefined>(['OBJECT_TABLE', 'OBJECT_FOREIGN_TABLE']);

function takenAwayBy({ tree }: Statement): TakenAway[] {
  const renamed = asKind(tree, 'RenameStmt');
  if (renamed?.relation !== undefined) {
    const { relation, renameType, subname } = renamed;
    if (renameType === 'OBJECT_COLUMN' && subname !== undefined) return [{ relation, column: subname }];
    return RELATIONS.has(renameType) ? [{ relation }] : [];
  }
  const moved = asKind(tree, 'AlterObjectSchemaStmt');
  if (moved?.relation !== undefined)
    return RELATIONS.has(moved.objectType) ? [{ relation: moved.relation }] : [];
  const drop = asKind(tree, 'DropStmt');
  if (drop !== undefined)
    return RELATIONS.has(drop.removeType) ? droppedRelations(drop).map((relation) => ({ relation })) : [];
  const alter = asKind(tree, 'AlterTableStmt');
  const relation = TABLES.has(alter?.objtype) ? alter?.relation : undefined;
  return (alter?.cmds ?? []).flatMap((node) => {
    const command = asKind(node, 'AlterTableCmd');
    if (relation === undefined || command?.subtype !== 'AT_DropColumn') return [];
    return [{ relation, column: command.name! }];
  });
}

/** A view and a foreign table count as in use: they have rows of others. A table under a new name does not: nobody knows the name yet. */
async function relationInUse(relation: RangeVar, { catalog, made }: RuleContext): Promise<TableFacts | null> {
  if (made.has(relation) || made.inCatalog(relation) !== relation) return null;
  const table = await catalog.readTable(relation);
  const isView = ['v', 'm', 'f'].includes(table?.kind ?? '');
  return table === null || (table.isEmpty && !isView) ? null : table;
}

function makesView({ tree }: Statement, relation: RangeVar): boolean {
  const view = asKind(tree, 'ViewStmt')?.view ?? asKind(tree, 'CreateTableAsStmt')?.into?.rel;
  return view !== undefined && nameOf(view) === nameOf(relation);
}
