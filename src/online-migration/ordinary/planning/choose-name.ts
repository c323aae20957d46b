import type { Node, RangeVar } from 'libpg-query';
import { asKind, type NodeOf } from '../../sql/statements.ts';
import type { RuleContext } from './rule.ts';

/** The longest name, in bytes. */
const NAME_BYTES = 63;

/** The name of the trial that shows the parts of a name. */
const SHORTEST = 't';

/** The parts of a name that PostgreSQL gives, besides the table's name. */
export interface NameParts {
  /** The columns, with `_` between them; empty if the name has none. */
  readonly columns: string;
  /** `idx`, `key`, `pkey`, … */
  readonly label: string;
}

/**
 * Asks PostgreSQL for the name of an index or a constraint that a statement does not name: it runs on an empty table of the same name,
 * which is rolled back.
 *
 * @param onTable the same statement for another table
 * @returns undefined if it does not run there
 */
export async function nameOfPostgres(
  context: RuleContext,
  relation: RangeVar,
  onTable: (trial: RangeVar) => Node,
): Promise<string | undefined> {
  const { catalog, made } = context;
  const first = relation.relname!;
  const name = await catalog.nameOfPostgres(made.altered(relation), first, onTable);
  if (name === undefined) return undefined;
  // A long name is cut.
  const parts = partsOf(name, first) ?? (await namePartsOfPostgres(context, relation, onTable));
  return parts && chooseName(context, relation, [parts.columns, parts.label]);
}

/**
 * Asks PostgreSQL for the parts of the name, from which it makes the name for each partition.
 * @returns undefined if the statement does not run on the trial
 */
export async function namePartsOfPostgres(
  { catalog, made }: RuleContext,
  relation: RangeVar,
  onTable: (trial: RangeVar) => Node,
): Promise<NameParts | undefined> {
  const name = await catalog.nameOfPostgres(made.altered(relation), SHORTEST, onTable);
  return name === undefined ? undefined : partsOf(name, SHORTEST);
}

function partsOf(name: string, table: string): NameParts | undefined {
  if (!name.startsWith(`${table}_`)) return undefined;
  const words = name.slice(table.length + 1).split('_');
  return { columns: words.slice(0, -1).join('_'), label: words.at(-1)! };
}

/**
 * Chooses the name of an object of a table as PostgreSQL does: `orders_total_fkey`.
 * @param parts the columns and the label
 */
export async function chooseName(
  context: RuleContext,
  relation: RangeVar,
  parts: readonly string[],
): Promise<string> {
  const columns = parts.slice(0, -1).join('_');
  // Adds a number if the name is taken.
  for (let number = 0; ; number++) {
    const label = `${parts.at(-1)!}${number === 0 ? '' : number}`;
    const name = joined(relation.relname ?? '', columns, label);
    if (await isNameTaken(context, relation, name)) continue;
    context.made.take(name);
    return name;
  }
}

/** The columns of an index, as PostgreSQL puts them into its name. */
export function columnsOfIndex({ indexParams = [] }: NodeOf<'IndexStmt'>): string[] {
  return indexParams.map((param) => asKind(param, 'IndexElem')?.name ?? 'expr');
}

/** Whether an index, another relation or a constraint of the table's schema has this name. */
export async function isNameTaken(
  { catalog, made }: RuleContext,
  relation: RangeVar,
  name: string,
): Promise<boolean> {
  return made.isTaken(name) ?? catalog.isNameTaken(made.inCatalog(relation), name);
}

/**
 * Joins the parts with `_`. PostgreSQL cuts the longer one of the table and the columns until the name is short enough, at the boundaries
 * of characters.
 */
function joined(table: string, columns: string, label: string): string {
  const parts = [table, columns, label].filter((part) => part !== '');
  const most = NAME_BYTES - Buffer.byteLength(label) - (parts.length - 1);
  let [one, two] = [Buffer.byteLength(table), Buffer.byteLength(columns)];
  while (one + two > most) {
    if (one > two) one--;
    else two--;
  }
  return [cut(table, one), cut(columns, two), label].filter((part) => part !== '').join('_');
}

function cut(text: string, bytes: number): string {
  let rest = text;
  while (Buffer.byteLength(rest) > bytes) rest = Array.from(rest).slice(0, -1).join('');
  return rest;
}
