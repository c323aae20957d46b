import type { Node, RangeVar } from 'libpg-query';
import { nameOf } from './relation-names.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import type { RuleContext } from './rule.ts';
import { onTrialTable } from './trial-table.ts';

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
  const { database, parser } = context;
  const name = await onTrialTable(context, relation, { name: relation.relname! }, async (trial) => {
    const sql = writeStatement(parser, onTable(trial));
    if (sql === null) return undefined;
    await database.query(sql);
    const { rows } = await database.query<{ name: string }>(
      `
      select name
      from (
        select conname as name, oid from pg_catalog.pg_constraint where conrelid = to_regclass($1) and contype <> 'n'
        union all
        select c.relname, c.oid from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid where i.indrelid = to_regclass($1)
      ) as made
      order by oid desc limit 1`,
      [nameOf(trial)],
    );
    return rows[0]?.name;
  });
  return name === undefined ? undefined : freeName(context, relation, name, '');
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
  const stem = [relation.relname ?? '', ...parts.slice(0, -1)].join('_');
  return freeName(context, relation, stem, `_${parts.at(-1)!}`);
}

/** Adds a number if the name is taken. */
async function freeName(
  { database, made }: RuleContext,
  relation: RangeVar,
  stem: string,
  label: string,
): Promise<string> {
  for (let number = 0; ; number++) {
    const end = `${label}${number === 0 ? '' : number}`;
    const name = shortened(stem, NAME_BYTES - Buffer.byteLength(end)) + end;
    const { rows } = await database.query<{ taken: boolean }>(
      `
      select exists (
          select from pg_catalog.pg_class c where c.relname = $2 and c.relnamespace = t.relnamespace
        ) or exists (
          select from pg_catalog.pg_constraint n where n.conname = $2 and n.conrelid = t.oid
        ) as taken
      from pg_catalog.pg_class t
      where t.oid = to_regclass($1)`,
      [nameOf(made.inCatalog(relation)), name],
    );
    if (made.isTaken(name) ?? rows[0]?.taken) continue;
    made.take(name);
    return name;
  }
}

/** Cuts a text to a number of bytes, at the boundary of a character. */
function shortened(text: string, bytes: number): string {
  let cut = text;
  while (Buffer.byteLength(cut) > bytes) cut = Array.from(cut).slice(0, -1).join('');
  return cut;
}
