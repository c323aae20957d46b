import { escapeLiteral } from 'pg';
import { type ChangedColumn, changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Side } from '../sync/filled-column.ts';

/*
 * The catalog writes a constant with its type: `status = 'new'::order_status`. For a column of another type, the
 * definition fails, or depends on the session's time zone. It fits if its constants are converted like the values of
 * the column: `status = 'new'::text`. The comparison then has the same result, because equal values, and only they, are
 * converted to equal values.
 */

/** Gives a definition with converted constants. */
export type ConvertConstants = (definition: string) => string;

/** The types of a column, for its constants. */
interface ConstantTypes {
  readonly column: ChangedColumn;
  /** All ways in which the catalog writes the type of a constant. */
  readonly spellings: readonly string[];
  /** The other column's type, without a length. */
  readonly other: string;
}

const QUOTED_NAME = `"(?:[^"]|"")*"`;
const LITERAL = `E?'(?:[^']|'')*'`;
/** Otherwise the type is a longer one: an array of it, or one of another schema. */
const TYPE_ENDS = String.raw`(?![\w$.("[])`;

/**
 * Converts the constants of definitions, as the catalog writes them, to the types of the other side.
 *
 * @param database one connection; it evaluates the conversions of the constants
 * @param from the side of the definitions
 * @returns null if there is none to convert, or one has no value of the other type
 */
export async function constantConversion(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  definitions: readonly string[],
): Promise<ConvertConstants | null> {
  const types = withoutAmbiguous(await readConstantTypes(database, change, from));
  if (types.length === 0) return null;
  const spellings = types.flatMap((one) => one.spellings).map((one) => typePattern(one));
  // Quoted texts come first, so that nothing in them counts.
  const token = new RegExp(`${QUOTED_NAME}|(${LITERAL})(?:::(${spellings.join('|')})${TYPE_ENDS})?`, 'gu');
  const converted = new Map<string, string>();
  for (const [constant, , type] of definitions.flatMap((one) => [...one.matchAll(token)])) {
    if (type === undefined || converted.has(constant)) continue;
    const { column, other } = types.find((one) => one.spellings.includes(withoutPrecision(type)))!;
    const value = await convertedValue(database, column, from, constant);
    if (value === null) return null;
    converted.set(constant, `${escapeLiteral(value)}::${other}`);
  }
  if (converted.size === 0) return null;
  return (definition) => definition.replace(token, (text) => converted.get(text) ?? text);
}

/** Columns of one type can get different types, and the text does not show to which of them a constant belongs. */
function withoutAmbiguous(types: readonly ConstantTypes[]): ConstantTypes[] {
  return types.filter((one) =>
    types.every(
      (two) => two.other === one.other || !two.spellings.some((name) => one.spellings.includes(name)),
    ),
  );
}

/** `timestamp(3) without time zone` has its precision inside. */
function typePattern(spelling: string): string {
  return spelling
    .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replace(/^timestamp/, String.raw`timestamp(?:\(\d\))?`);
}

function withoutPrecision(type: string): string {
  return type.replace(/^timestamp\(\d\)/, 'timestamp');
}

async function readConstantTypes(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<ConstantTypes[]> {
  const found: ConstantTypes[] = [];
  for (const column of changedColumnsOf(change)) {
    if (column.conversion === undefined) continue;
    const { oldColumn, newColumn } = column;
    const [leaving, staying] = from === 'old' ? [oldColumn, newColumn] : [newColumn, oldColumn];
    const { rows } = await database.query<{ spellings: string[]; other: string }>(
      `
      select array[
          format_type(t.oid, null), format_type(t.oid, -1), format('%I', t.typname), format('%I.%I', n.nspname, t.typname)
        ] as spellings,
        format_type($2::text::regtype, -1) as other
      from pg_catalog.pg_type t
      join pg_catalog.pg_namespace n on n.oid = t.typnamespace
      where t.oid = $1::text::regtype`,
      [leaving.type, staying.type],
    );
    found.push(...rows.map((row) => ({ column, ...row })));
  }
  return found;
}

/** The value of a constant, converted, as text; null if it has none. */
async function convertedValue(
  database: Queryable,
  { conversion }: ChangedColumn,
  from: Side,
  constant: string,
): Promise<string | null> {
  const convert = from === 'old' ? conversion!.forward : conversion!.backward;
  if (convert === 'not reversible') return null;
  const { rows } = await database.query<{ value: string | null }>(
    `select (${convert('constant.value')})::text as value from (values (${constant})) as constant (value)`,
  );
  return rows[0]!.value;
}
