import type { Node, RangeVar } from 'libpg-query';
import type { RuleContext } from './rule.ts';

/** The longest name, in bytes. */
const NAME_BYTES = 63;

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
  const name = await catalog.nameOfPostgres(made.altered(relation), relation.relname!, onTable);
  return name === undefined ? undefined : freeName(context, relation, [name], '');
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
  return freeName(
    context,
    relation,
    [relation.relname ?? '', ...(columns === '' ? [] : [columns])],
    `_${parts.at(-1)!}`,
  );
}

/** Adds a number if the name is taken. */
async function freeName(
  { catalog, made }: RuleContext,
  relation: RangeVar,
  parts: readonly string[],
  label: string,
): Promise<string> {
  for (let number = 0; ; number++) {
    const end = `${label}${number === 0 ? '' : number}`;
    const name = shortened(parts, NAME_BYTES - Buffer.byteLength(end)) + end;
    if (made.isTaken(name) ?? (await catalog.isNameTaken(made.inCatalog(relation), name))) continue;
    made.take(name);
    return name;
  }
}

/** Joins the table and the columns, and cuts the longer one until they fit: as PostgreSQL does, at the boundaries of characters. */
function shortened([table = '', columns]: readonly string[], bytes: number): string {
  if (columns === undefined) return cut(table, bytes);
  const lengths = [Buffer.byteLength(table), Math.min(Buffer.byteLength(columns), NAME_BYTES + 1)] as [
    number,
    number,
  ];
  while (lengths[0] + lengths[1] > bytes - 1) lengths[lengths[0] > lengths[1] ? 0 : 1]--;
  return `${cut(table, lengths[0])}_${cut(columns, lengths[1])}`;
}

function cut(text: string, bytes: number): string {
  let rest = text;
  while (Buffer.byteLength(rest) > bytes) rest = Array.from(rest).slice(0, -1).join('');
  return rest;
}
