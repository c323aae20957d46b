import { escapeLiteral } from 'pg';
import type { Conversion } from '../change/column-change.ts';
import { isUtc } from '../conversions/times/time-zone.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import type { ColumnFacts, DescribingQueryable } from './table-facts.ts';

/** A default that is a literal, as in the catalog: `'new'::text`, `'{}'::integer[]`, `7`, `false`. */
const CONSTANT =
  /^(?:'(?:[^']|'')*'::(?:[\w .]|"(?:[^"]|"")*")+(?:\([\d,]+\)[\w ]*)?(?:\[\])*|-?[0-9.]+|true|false)$/;

/** The oid of `timestamptz`. */
const TIMESTAMPTZ_OID = 1184;
const TIMESTAMPTZ = /^timestamp(?:\(\d\))? with time zone$/;
const LOCAL_TIME = /^(?:timestamp(?:\(\d\))? without time zone|date)$/;
/** An explicit cast to a local time, around an expression: `(now())::timestamp without time zone`. */
const CAST = /^\((.+)\)::(?:timestamp(?:\(\d\))? without time zone|date)$/s;
const LOCALTIMESTAMP = /^LOCALTIMESTAMP((?:\(\d\))?)$/i;

/** Today, and the present as a text that is read at each use. */
const NOW = /^(?:CURRENT_DATE|\('now'::text\)::[a-z ]+)$/i;

/** The default to convert. */
export interface OldDefault {
  readonly column: ColumnFacts;
  readonly to: string;
  /** The time zone of the local times of the column. */
  readonly zone: string;
}

/**
 * The new column's default: the converted value if the old default is a literal, otherwise the old expression,
 * converted at each use.
 *
 * A default such as `now()` of a column with local times gives the local time of the session, whichever zone that has. The
 * new column gets the point in time itself.
 * @throws OnlineMigrationError if the default has no new value
 */
export async function convertedDefault(
  database: DescribingQueryable,
  { forward }: Conversion,
  { column: { name, type, default: expression }, to, zone }: OldDefault,
): Promise<string | null> {
  if (expression === null) return null;
  const instant = LOCAL_TIME.test(type) ? await instantOf(database, expression, zone) : null;
  if (instant !== null && TIMESTAMPTZ.test(to)) {
    if (type !== 'date') return instant;
    return asExpression(forward(`((${instant}) at time zone ${escapeLiteral(zone)})::date`));
  }
  const converted = forward(`(${expression})::${type}`);
  if (!CONSTANT.test(expression)) return asExpression(converted);
  const value = await valueOf(database, converted);
  // The server does not know a function of the conversion, which is an obstacle.
  if (value === undefined) return asExpression(converted);
  if (value === null) {
    throw new OnlineMigrationError(
      'DEFAULT_NOT_CONVERTIBLE',
      `The default of ${name}, ${expression}, does not convert to ${to}, and nothing was written. Change the default first.`,
      { column: name, default: expression, type: to },
    );
  }
  // In the catalog's spelling, which MikroORM compares: `0.00::numeric(12,2)`, and `'-1.00'::numeric(12,2)`.
  const literal = /^numeric\b/.test(to) && /^\d/.test(value) ? value : escapeLiteral(value);
  return `${literal}::${to}`;
}

/** The value of an expression as a text; undefined if the server lacks one of its functions. */
async function valueOf(
  database: DescribingQueryable,
  expression: string,
): Promise<string | null | undefined> {
  try {
    const { rows } = await database.query<{ value: string | null }>(`select (${expression})::text as value`);
    return rows[0]?.value ?? null;
  } catch (error) {
    if (sqlState(error) === SQLSTATE.undefinedFunction) return undefined;
    throw error;
  }
}

/**
 * The point in time of which a default gives the local time; null if it gives another one, such as a literal.
 * @param zone of the column: `now() at time zone '<zone>'` is that of `now()`
 */
async function instantOf(
  database: DescribingQueryable,
  expression: string,
  zone: string,
): Promise<string | null> {
  const [, digits] = LOCALTIMESTAMP.exec(expression) ?? [];
  if (digits !== undefined) return `CURRENT_TIMESTAMP${digits}`;
  if (NOW.test(expression)) return 'CURRENT_TIMESTAMP';
  const inner = CAST.exec(expression)?.[1] ?? inZone(expression, zone) ?? expression;
  // Without a row, so that the expression is not evaluated. An inner part may not stand alone.
  const { fields } = await database
    .query(`select (${inner}) as value where false`)
    .catch(() => ({ fields: [] }));
  return fields[0]?.dataTypeID === TIMESTAMPTZ_OID ? inner : null;
}

/** The expression whose local time in the zone is taken: `(now() AT TIME ZONE 'utc'::text)`, or the call of the function. */
function inZone(expression: string, zone: string): string | null {
  for (const pattern of [
    /^\((?<inner>.+) AT TIME ZONE '(?<name>(?:[^']|'')+)'::text\)$/s,
    /^timezone\('(?<name>(?:[^']|'')+)'::text, (?<inner>.+)\)$/s,
  ]) {
    const { inner, name } = pattern.exec(expression)?.groups ?? {};
    if (inner === undefined || name === undefined) continue;
    return name.toLowerCase() === zone.toLowerCase() || (isUtc(name) && isUtc(zone)) ? inner : null;
  }
  return null;
}

function asExpression(sql: string): string {
  return `(${sql.replaceAll(/\s+/g, ' ').trim()})`;
}
