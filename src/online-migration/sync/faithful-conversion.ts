import { type ChangedColumn, isReversible } from '../change/changed-column.ts';
import type { Conversion } from '../change/column-change.ts';
import { typeValues } from '../change/declared-type.ts';
import type { Queryable } from '../postgres/queryable.ts';

/** Writes an SQL expression that converts a value. */
type Convert = Conversion['forward'];

/**
 * The conversion of a change with expressions that are also null if the value would change when it is stored. The
 * functions of the change and preflight use them, so that triggers, backfill, proof and preflight agree.
 */
export interface FaithfulConversion {
  readonly forward: Convert;
  /** Undefined if `forward` serves both. */
  readonly forwardInBulk: Convert | undefined;
  /** Undefined if the change is not reversible. */
  readonly backward: Convert | undefined;
}

/** Oids of time, timestamp, timestamptz and timetz. */
const TIME_TYPES = new Set([1083, 1114, 1184, 1266]);
/** Digits of a second's fraction that PostgreSQL stores at most. */
const FULL_PRECISION = 6;

/** Makes the conversion faithful. PostgreSQL describes the expressions but does not run them. */
export async function faithfulConversion(
  database: Queryable,
  change: ChangedColumn,
): Promise<FaithfulConversion> {
  const { conversion, oldColumn, newColumn } = change;
  const { forward, forwardInBulk, backward } = conversion;
  const faithful = (convert: Convert, from: string, to: string) => faithfully(database, convert, from, to);
  return {
    forward: await faithful(forward, oldColumn.type, newColumn.type),
    forwardInBulk: forwardInBulk && (await faithful(forwardInBulk, oldColumn.type, newColumn.type)),
    backward:
      isReversible(change) && backward !== 'not reversible'
        ? await faithful(backward, newColumn.type, oldColumn.type)
        : undefined,
  };
}

/**
 * PostgreSQL rounds a value that is stored in a `numeric(12,1)`, and truncates one that is cast to a `varchar(9)`. A function
 * ignores the modifiers of its types. An SQL expression cannot use a value twice without
 * computing it twice, so the comparison is left out if the type has no modifier, or if the expression is a cast to
 * the declared type.
 */
async function faithfully(database: Queryable, convert: Convert, from: string, to: string): Promise<Convert> {
  if (!(await mayChange(database, convert, from, to))) return convert;
  return (value) => {
    const converted = `(${convert(value)})`;
    return `case when ${converted} = ${converted}::${to} then ${converted} end`;
  };
}

async function mayChange(database: Queryable, convert: Convert, from: string, to: string): Promise<boolean> {
  // The description has the base type of a domain, and the domain's modifier.
  const { fields } = await database.query(
    `select (${convert('value')}) as given, null::${to} as declared from (select null::${from} as value) as input where false`,
  );
  const [given, declared] = fields ?? [];
  if (given === undefined || declared === undefined) return typeValues(to)[1] !== null;
  const { dataTypeID: type, dataTypeModifier: modifier } = declared;
  if (modifier === -1 || (TIME_TYPES.has(type) && modifier === FULL_PRECISION)) return false;
  return given.dataTypeID !== type || given.dataTypeModifier !== modifier;
}
