import type { Constraint, Node, RangeVar } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import { asKind, type Statement } from '../../sql/statements.ts';
import type { DroppedPart } from './catalog.ts';
import { readDroppedPart } from './dropped-part.ts';
import { nameOf } from './relation-names.ts';
import { isHarmlessBetween } from './replacements.ts';
import type { RuleContext, Verdict } from './rule.ts';
import { addedConstraint, onTable, stringsOf, tableCommandOf } from './table-command.ts';
import type { TableFacts } from './table-facts.ts';
import { asWritten, tableInUse } from './verdicts.ts';

/** A statement that drops a constraint or an index, and the verdict on the one that adds it again under another name. */
export interface Rename {
  readonly dropped: Statement;
  readonly verdict: Verdict;
}

/**
 * Finds the statements that add a constraint or an index which an earlier statement drops under another name, such as those of MikroORM for
 * a renamed property. It is renamed instead: nothing is built, and there is no time without it. Only harmless statements on the same
 * table may lie between.
 *
 * @param statements each with one command
 * @param replaced the statements that drop, by those that add another object of the name
 * @returns the renames, by the statement that adds
 */
export async function findRenames(
  statements: readonly Statement[],
  replaced: ReadonlyMap<Statement, Statement>,
  context: RuleContext,
): Promise<Map<Statement, Rename>> {
  const found = new Map<Statement, Rename>();
  const taken = new Set(replaced.values());
  for (const [place, statement] of statements.entries()) {
    const isPossible = statement.accepted === undefined && !replaced.has(statement);
    const added = isPossible ? addedPart(statement) : undefined;
    const table = added && (await tableInUse(added.relation, context));
    if (added === undefined || table?.kind !== 'r') continue;
    const between: Statement[] = [];
    for (const earlier of statements.slice(0, place).toReversed()) {
      const dropped = taken.has(earlier) ? undefined : await readDroppedPart(earlier, table, context);
      const before = statements.slice(0, statements.indexOf(earlier));
      if (dropped !== undefined && before.some((one) => isOtherBehind(one, dropped, added.relation))) break;
      if (dropped !== undefined && (await onlyNamesDiffer(dropped, added, between, context))) {
        taken.add(earlier);
        found.set(statement, { dropped: earlier, verdict: renaming(dropped, added.name, table) });
        break;
      }
      if (!isHarmlessBetween(earlier, added.relation) && !isColumnRename(earlier, added.relation)) break;
      between.push(earlier);
    }
  }
  return found;
}

const key = (names: readonly string[]) => JSON.stringify(names);

/** A constraint or an index with a name, to be added. */
interface AddedPart {
  readonly relation: RangeVar;
  readonly name: string;
  readonly statement: Statement;
  readonly constraint: Constraint | undefined;
}

function addedPart(statement: Statement): AddedPart | undefined {
  const index = asKind(statement.tree, 'IndexStmt');
  if (index?.relation !== undefined && index.idxname !== undefined && !index.if_not_exists)
    return { relation: index.relation, name: index.idxname, statement, constraint: undefined };
  const alter = tableCommandOf(statement);
  const constraint = alter && addedConstraint(alter);
  if (alter === undefined || constraint?.conname === undefined || constraint.skip_validation)
    return undefined;
  return { relation: alter.table, name: constraint.conname, statement, constraint };
}

async function onlyNamesDiffer(
  dropped: DroppedPart,
  added: AddedPart,
  between: readonly Statement[],
  context: RuleContext,
): Promise<boolean> {
  if (dropped.name === added.name || !dropped.isPlain) return false;
  const { constraint, statement, relation } = added;
  if (dropped.kind === 'c' && constraint?.contype === 'CONSTR_CHECK') {
    return isSameCheck(dropped.name, added, between, context);
  }
  const renamed = (name: string) => columnBefore(name, between);
  const columns = key(dropped.columns);
  if (dropped.kind === 'f' && constraint?.contype === 'CONSTR_FOREIGN') {
    const { pktable, fk_attrs, pk_attrs, fk_upd_action, fk_del_action, fk_matchtype } = constraint;
    return (
      pktable !== undefined &&
      nameOf(pktable) !== nameOf(relation) &&
      constraint.fk_del_set_cols === undefined &&
      !constraint.deferrable &&
      key(stringsOf(fk_attrs).map(renamed)) === columns &&
      key(stringsOf(pk_attrs)) === key(dropped.referencedColumns) &&
      [fk_upd_action, fk_del_action, fk_matchtype].join() === dropped.rules &&
      (await context.catalog.isRelation(dropped.referenced, pktable))
    );
  }
  if (constraint !== undefined) {
    const contype = { u: 'CONSTR_UNIQUE', p: 'CONSTR_PRIMARY' }[dropped.kind as 'u' | 'p'];
    const { including, options, indexspace, indexname, deferrable, nulls_not_distinct } = constraint;
    const hasMore = including ?? options ?? indexspace ?? indexname ?? deferrable ?? nulls_not_distinct;
    return (
      contype === constraint.contype &&
      hasMore === undefined &&
      key(stringsOf(constraint.keys).map(renamed)) === columns
    );
  }
  const names = plainColumns(statement.tree);
  const isUnique = asKind(statement.tree, 'IndexStmt')?.unique === true;
  return (
    dropped.kind === (isUnique ? 'unique' : 'index') &&
    names !== undefined &&
    key(names.map(renamed)) === columns
  );
}

/** The columns of an index that has nothing else; undefined for another one. */
function plainColumns(tree: Node): string[] | undefined {
  const {
    whereClause,
    options,
    indexIncludingParams,
    tableSpace,
    accessMethod,
    nulls_not_distinct,
    indexParams,
  } = asKind(tree, 'IndexStmt')!;
  const hasMore = whereClause ?? options ?? indexIncludingParams ?? tableSpace ?? nulls_not_distinct;
  if (hasMore !== undefined || (accessMethod ?? 'btree') !== 'btree') return undefined;
  const names = (indexParams ?? []).map((param) => {
    const { name, collation, opclass, ordering, nulls_ordering } = asKind(param, 'IndexElem') ?? {};
    const isPlain =
      collation === undefined &&
      opclass === undefined &&
      ordering === 'SORTBY_DEFAULT' &&
      nulls_ordering === 'SORTBY_NULLS_DEFAULT';
    return isPlain ? name : undefined;
  });
  return names.every((name) => name !== undefined) ? names : undefined;
}

async function isSameCheck(
  name: string,
  { statement, relation, name: added }: AddedPart,
  between: readonly Statement[],
  { catalog, made }: RuleContext,
): Promise<boolean> {
  return catalog.areSameChecks({
    table: made.altered(relation),
    name,
    added,
    onTable: (trial) => [
      ...between.toReversed().flatMap(({ tree }) => {
        const renamed = asKind(tree, 'RenameStmt');
        return renamed === undefined ? [] : [{ RenameStmt: { ...renamed, relation: trial } }];
      }),
      onTable(tableCommandOf(statement)!, trial),
    ],
  });
}

/** The name that a column had before it was renamed. */
function columnBefore(name: string, between: readonly Statement[]): string {
  return between.reduce((current, { tree }) => {
    const renamed = asKind(tree, 'RenameStmt');
    return renamed?.newname === current ? (renamed.subname ?? current) : current;
  }, name);
}

/**
 * Whether a statement gives another meaning to the table's name or to a column that is dropped with its part. The catalog still has the
 * one before it.
 */
function isOtherBehind({ tree }: Statement, { columns }: DroppedPart, relation: RangeVar): boolean {
  const renamed = asKind(tree, 'RenameStmt');
  if (renamed?.renameType === 'OBJECT_TABLE') return true;
  if (renamed?.renameType === 'OBJECT_COLUMN')
    return renamed.subname !== undefined && columns.includes(renamed.subname);
  if ('AlterObjectSchemaStmt' in tree || 'VariableSetStmt' in tree) return true;
  const alter = asKind(tree, 'AlterTableStmt');
  if (alter?.relation === undefined || alter.relation.relname !== relation.relname) return false;
  return (alter.cmds ?? []).some((node) => {
    const command = asKind(node, 'AlterTableCmd');
    return command?.subtype === 'AT_DropColumn' && columns.includes(command.name ?? '');
  });
}

function isColumnRename({ tree }: Statement, relation: RangeVar): boolean {
  const renamed = asKind(tree, 'RenameStmt');
  return (
    renamed?.renameType === 'OBJECT_COLUMN' &&
    renamed.relation !== undefined &&
    nameOf(renamed.relation) === nameOf(relation)
  );
}

function renaming({ kind, name, schema }: DroppedPart, to: string, table: TableFacts): Verdict {
  const isIndex = kind === 'index' || kind === 'unique';
  const sql = isIndex
    ? `alter index ${nameOf({ schemaname: schema, relname: name })} rename to ${escapeIdentifier(to)}`
    : `alter table ${table.name} rename constraint ${escapeIdentifier(name)} to ${escapeIdentifier(to)}`;
  return { ...asWritten(table.name), sql } as Verdict;
}
