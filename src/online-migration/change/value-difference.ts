import { typeValues } from './declared-type.ts';

/** Types of which two equal values are the same value, letter by letter; those that any declaration can spell. */
const EXACT_TYPE =
  /^(smallint|integer|int|bigint|int[248]|oid|bool(ean)?|uuid|bytea|date|text|(var)?char|character( varying)?|(var)?bit|bit varying|time(stamp)?( without time zone)?|timestamptz|timestamp with time zone)$/;

/**
 * A condition on two values of a type: they are not the same, letter by letter. `=` calls numerics with another number of
 * zeros, intervals of another unit and JSON numbers of another scale equal, so a write that changes nothing else would pass
 * unseen. What PostgreSQL has stored tells them apart, as its refreshing of materialized views does; that takes longer.
 *
 * @param type as it is declared
 * @see https://www.postgresql.org/docs/current/functions-comparisons.html#COMPOSITE-TYPE-COMPARISON
 */
export function areDifferent(type: string, one: string, other: string): string {
  return isExact(type)
    ? `${one} is distinct from ${other}`
    : `row(${one})::record operator(pg_catalog.*<>) row(${other})::record`;
}

/** Whether two equal values of a type, as it is declared, are the same value, letter by letter. */
export function isExact(type: string): boolean {
  const [base, modifier] = typeValues(type.toLowerCase());
  return EXACT_TYPE.test(base.trim()) || (['numeric', 'decimal'].includes(base) && modifier !== null);
}
