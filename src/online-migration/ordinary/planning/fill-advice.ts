import type { Node, RangeVar } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import type { SqlParser } from '../../sql/sql-parser.ts';
import { asKind, type NodeOf } from '../../sql/statements.ts';
import type { RuleContext } from './rule.ts';

/** The class that a migration with a fill extends. */
const IN_CLASS = 'in a migration that extends OnlineMigration';
/** The way of a tool without a fill. */
export const IN_BATCHES = 'in batches of some thousand rows, each in a transaction of its own';

/** The parts of a rule's context on which the advice depends. */
type Advised = Pick<RuleContext, 'parser' | 'isOtherTool'>;

/**
 * The advice to fill a column of all rows that have no value for it.
 * @param value an SQL expression
 */
export function fillAdvice(
  { parser, isOtherTool = false }: Advised,
  relation: RangeVar,
  column: string,
  value: string,
): string {
  const where = `${nameIn(parser, column)} is null`;
  if (isOtherTool) {
    const update = `update ${tableIn(parser, relation)} set ${nameIn(parser, column)} = ${value} where ${where} and …`;
    return `give the rows their values outside of the migration by \`${update}\` ${IN_BATCHES}`;
  }
  return `give the rows their values by \`${callOf(relation, { [column]: value }, where)}\` ${IN_CLASS}`;
}

/**
 * The advice to fill rows in place of an `update`, with its expressions and its condition.
 * @returns undefined if the update has parts that a fill does not have
 */
export function fillInPlaceOf(
  { parser, isOtherTool = false }: Advised,
  update: NodeOf<'UpdateStmt'>,
): string | undefined {
  if (isOtherTool) return undefined;
  const { relation, targetList = [], whereClause, fromClause, withClause, returningClause } = update;
  if (relation === undefined || relation.alias !== undefined || relation.inh === false) return undefined;
  if ([fromClause, withClause, returningClause].some((part) => part !== undefined)) return undefined;
  const set: Record<string, string> = {};
  for (const node of targetList) {
    const target = asKind(node, 'ResTarget');
    const value = expressionOf(parser, target?.val);
    if (target?.name === undefined || target.indirection !== undefined || value === undefined)
      return undefined;
    set[target.name] = value;
  }
  const isOpen = Object.entries(set).map(
    ([column, value]) => `${nameIn(parser, column)} is distinct from ${value}`,
  );
  const where = whereClause === undefined ? isOpen.join(' or ') : expressionOf(parser, whereClause);
  if (where === undefined) return undefined;
  return `fill them in batches by \`${callOf(relation, set, where)}\` ${IN_CLASS}; its condition must be false for a filled row`;
}

/** An expression as SQL; undefined if it is none: `default`, a part of a row. */
export function expressionOf(parser: SqlParser, node: Node | undefined): string | undefined {
  if (node === undefined || 'SetToDefault' in node || 'MultiAssignRef' in node) return undefined;
  try {
    return parser.deparse(node);
  } catch {
    return undefined;
  }
}

/** A call of `fill` as a migration has it. */
function callOf(
  { schemaname, relname = '' }: RangeVar,
  set: Readonly<Record<string, string>>,
  where: string,
): string {
  const schema = schemaname === undefined ? '' : `schema: ${textIn(schemaname)}, `;
  const columns = Object.entries(set).map(([column, value]) => `${propertyIn(column)}: ${textIn(value)}`);
  return `await this.fill({ ${schema}table: ${textIn(relname)}, set: { ${columns.join(', ')} }, where: ${textIn(where)} })`;
}

/** A table's name in SQL, each part quoted if it needs that. */
function tableIn(parser: SqlParser, { schemaname, relname = '' }: RangeVar): string {
  return [schemaname, relname].flatMap((name) => (name === undefined ? [] : nameIn(parser, name))).join('.');
}

/** A text in TypeScript. */
function textIn(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\');
  if (!text.includes("'")) return `'${escaped}'`;
  if (!text.includes('"')) return `"${escaped}"`;
  return `'${escaped.replaceAll("'", "\\'")}'`;
}

/** A property in TypeScript. */
function propertyIn(name: string): string {
  return /^[a-z_$][\w$]*$/i.test(name) ? name : textIn(name);
}

/** A column's name in SQL, quoted if it needs that. */
function nameIn(parser: SqlParser, name: string): string {
  const quoted = escapeIdentifier(name);
  if (!/^[a-z_][a-z0-9_]*$/.test(name)) return quoted;
  try {
    const select = asKind(parser.parseSync(`select ${name}`).stmts?.[0]?.stmt, 'SelectStmt');
    return 'ColumnRef' in (asKind(select?.targetList?.[0], 'ResTarget')?.val ?? {}) ? name : quoted;
  } catch {
    return quoted;
  }
}
