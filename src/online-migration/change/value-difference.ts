import { typeValues } from './declared-type.ts';

/** Types whose equal values are always identical; in every spelling that a declaration may use. */
const EXACT_TYPE =
  /^(smallint|integer|int|bigint|int[248]|oid|bool(ean)?|uuid|bytea|date|text|(var)?char|character( varying)?|(var)?bit|bit varying|time(stamp)?( without time zone)?|timestamptz|timestamp with time zone)$/;

/**
 * A condition on two values of a type: they are not identical. `=` ignores trailing zeros of numerics, units of
 * intervals and the scale of JSON numbers, so it would miss a write that changes nothing else. Comparing the stored
 * form finds it, as a refresh of a materialized view does; that takes longer.
 *
 * @param type as declared
 * @see https://www.postgresql.org/docs/current/functions-comparisons.html#COMPOSITE-TYPE-COMPARISON
 */
export function areDifferent(type: string, one: string, other: string): string {
  return isExact(type) ? `${one} is distinct from ${other}` : areNotIdentical(one, other);
}

/** A condition on two values of any type: their stored forms are not identical. */
export function areNotIdentical(one: string, other: string): string {
  return `row(${one})::record operator(pg_catalog.*<>) row(${other})::record`;
}

/** The type of PostgreSQL that has no `=` and still is in many tables. */
const WITHOUT_EQUALITY = 'json';

/** A condition on two values of a type: they are not equal. If the type has no `=`, they are not identical. */
export function areUnequal(type: string, one: string, other: string): string {
  return type.trim().toLowerCase() === WITHOUT_EQUALITY
    ? areDifferent(type, one, other)
    : `${one} is distinct from ${other}`;
}

/** Whether two equal values of a declared type are always identical. */
export function isExact(type: string): boolean {
  const [base, modifier] = typeValues(type.toLowerCase());
  return EXACT_TYPE.test(base.trim()) || (['numeric', 'decimal'].includes(base) && modifier !== null);
}
