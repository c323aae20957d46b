import type { Node, RangeVar } from 'libpg-query';
import { PACKAGE_SCHEMA } from '../../change/names.ts';
import { asKind } from '../../sql/statements.ts';
import type { Rule, Verdict } from '../planning/rule.ts';
import { stringsOf } from '../planning/table-command.ts';

/**
 * A statement that alters a column under change, or an object of the package: refused. The phases that follow expect them as they are.
 */
export const underChange: Rule = async ({ tree }, { catalog, changes }) => {
  if (schemasIn(tree).includes(PACKAGE_SCHEMA)) {
    return refused(`it alters objects of the package`, `leave the schema ${PACKAGE_SCHEMA} to the phases`);
  }
  const relation = alteredBy(tree);
  const underWay = changes.filter(({ columns }) => columns.some(({ hasInterimName }) => hasInterimName));
  if (relation === undefined || underWay.length === 0) return undefined;
  const table = await catalog.readTable(relation);
  const names = new Set(namesIn(tree));
  for (const change of underWay) {
    if (change.schema !== table?.schema || change.table !== table.relname) continue;
    const columns = change.columns.flatMap(({ oldColumn, newColumn }) => [oldColumn, newColumn]);
    const isWhole =
      asKind(tree, 'DropStmt') !== undefined || asKind(tree, 'RenameStmt')?.renameType === 'OBJECT_TABLE';
    const found = isWhole ? change.table : columns.find((column) => names.has(column));
    if (found === undefined) continue;
    return refused(
      `the change ${change.name} is under way, and its phases expect ${found} as it is`,
      'finish the change or revert it first',
    );
  }
  return undefined;
};

function refused(reason: string, instead: string): Verdict {
  return { kind: 'refused', reason, instead };
}

/** The table whose definition a statement alters. */
function alteredBy(tree: Node): RangeVar | undefined {
  const drop = asKind(tree, 'DropStmt');
  if (drop?.removeType === 'OBJECT_TABLE') {
    const [schema, relname] = [undefined, ...stringsOf(asKind(drop.objects?.[0], 'List')?.items)].slice(-2);
    return relname === undefined
      ? undefined
      : { relname, ...(schema !== undefined && { schemaname: schema }) };
  }
  return (
    asKind(tree, 'AlterTableStmt')?.relation ??
    asKind(tree, 'IndexStmt')?.relation ??
    asKind(tree, 'RenameStmt')?.relation ??
    asKind(tree, 'CreateTrigStmt')?.relation
  );
}

/** All names and texts in a tree. */
function namesIn(part: unknown): string[] {
  if (typeof part === 'string') return [part];
  return typeof part === 'object' && part !== null ? Object.values(part).flatMap(namesIn) : [];
}

/** The schemas that a tree names. */
function schemasIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  const own = 'schemaname' in part && typeof part.schemaname === 'string' ? [part.schemaname] : [];
  return [...own, ...Object.values(part).flatMap(schemasIn)];
}
