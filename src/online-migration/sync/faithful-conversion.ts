import { type ChangedColumn, conversionOf, isReversible } from '../change/changed-column.ts';
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

type Described = NonNullable<Awaited<ReturnType<Queryable['query']>>['fields']>[number];

/** Oids of time, timestamp, timestamptz and timetz. */
const TIME_TYPES = new Set([1083, 1114, 1184, 1266]);
const NUMERIC = 1700;
const VARCHAR = 1043;
/** PostgreSQL stores the length of a `varchar` with the bytes of a header added. */
const HEADER_BYTES = 4;
/** Digits of a second's fraction that PostgreSQL stores at most. */
const FULL_PRECISION = 6;

/** Makes the conversion faithful. PostgreSQL describes the expressions but does not run them. */
export async function faithfulConversion(
  database: Queryable,
  change: ChangedColumn,
): Promise<FaithfulConversion> {
  const { oldColumn, newColumn } = change;
  const { forward, forwardInBulk, backward } = conversionOf(change);
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
 * the declared type, or to a shorter `varchar`.
 */
async function faithfully(database: Queryable, convert: Convert, from: string, to: string): Promise<Convert> {
  // The description has the base type of a domain, and the domain's modifier.
  const { fields } = await database.query(
    `select (${convert('value')}) as given, null::${to} as declared from (select null::${from} as value) as input where false`,
  );
  const [given, declared] = fields ?? [];
  if (declared === undefined ? typeValues(to)[1] === null : isExactlyOf(given, declared)) return convert;
  return (value) => {
    const converted = `(${convert(value)})`;
    if (declared?.dataTypeID === VARCHAR) {
      // As many characters as it may have are not truncated. The comparison would compute the value a third time.
      return `case when length(${converted}::text) <= ${declared.dataTypeModifier - HEADER_BYTES} then ${converted} end`;
    }
    const unchanged = `case when ${converted} = ${converted}::${to} then ${converted} end`;
    if (declared?.dataTypeID !== NUMERIC) return unchanged;
    return `case when ${fitsNumeric(converted, declared.dataTypeModifier)} then ${unchanged} end`;
  };
}

/** Whether storing a value of one described type as the other one cannot change it. */
function isExactlyOf(given: Described | undefined, { dataTypeID, dataTypeModifier }: Described): boolean {
  if (dataTypeModifier === -1) return true;
  if (TIME_TYPES.has(dataTypeID) && dataTypeModifier === FULL_PRECISION) return true;
  if (given?.dataTypeID !== dataTypeID) return false;
  if (given.dataTypeModifier === dataTypeModifier) return true;
  return dataTypeID === VARCHAR && given.dataTypeModifier !== -1 && given.dataTypeModifier < dataTypeModifier;
}

/**
 * A condition on a number: a `numeric` with this modifier can hold it after rounding. The cast would raise an error, and
 * the write of the application would fail with it.
 * @see https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/utils/adt/numeric.c numeric_typmod_scale
 */
function fitsNumeric(value: string, modifier: number): string {
  const packed = modifier - 4;
  const precision = packed >> 16;
  const scale = ((packed & 0x7ff) ^ 0x400) - 0x400;
  return `abs(round(${value}::numeric, ${scale})) < 1e${precision - scale} or ${value}::numeric = 'NaN'`;
}
