import { type ConversionPair, N, pair } from './conversion-pair.ts';
import { type FamilyType, precisionOf } from './type-family.ts';

/** Digits of a second's fraction of a time type that is declared without a precision. */
const FULL_PRECISION = 6;
/** A timestamp without a time zone, and a day. */
export const MOMENT = `(timestamp '2024-01-01 10:00:00' + ${N} * interval '1 second')`;
const DAY = `(date '2024-01-01' + (${N} % 10000)::integer)`;
const SECONDS = { integer: `(${N} % 1000000000)::integer`, bigint: `(${N} % 1000000000)::bigint` };

/** The precisions, if they differ. */
function precisions(from: FamilyType, to: FamilyType): object[] {
  const [old, added] = [precisionOf(from), precisionOf(to)];
  return old === added ? [] : [{ old, new: added }];
}

/** SQL of a `timestamp` as a point in time. */
function inZone(timestamp: string, zone: string): string {
  return `${timestamp} at time zone '${zone.replaceAll("'", "''")}'`;
}

/** A pair of a local time and a point in time. */
function zoned(
  from: ConversionPair['from'][number],
  to: ConversionPair['to'][number],
  choose: ConversionPair['choose'],
): ConversionPair {
  return { from: [from], to: [to], choose };
}

function epochTypes(integer: FamilyType, moment: FamilyType): object[] {
  const types = {
    ...(integer.family === 'integer' ? { type: 'integer' } : {}),
    ...(precisionOf(moment) === FULL_PRECISION ? {} : { precision: precisionOf(moment) }),
  };
  return Object.keys(types).length === 0 ? [] : [types];
}

/** SQL of a number of seconds in the unit, and of the point in time. */
function epoch(family: 'integer' | 'bigint', unit: 's' | 'ms' | 'us') {
  const factor = { s: '', ms: ' * 1000', us: ' * 1000000' }[unit];
  return { integer: `${SECONDS[family]}${factor}`, moment: `to_timestamp(${SECONDS[family]})` };
}

/** The unit with as many digits as the type. */
function unitOf(moment: FamilyType): 's' | 'ms' | 'us' {
  const precision = precisionOf(moment);
  return precision === 0 ? 's' : precision <= 3 ? 'ms' : 'us';
}

/** Pairs of times. */
export const TIME_PAIRS: readonly ConversionPair[] = [
  zoned('timestamp', 'timestamptz', (from, to, { zone }) => ({
    name: 'timestampToTimestamptz',
    args: [zone, ...precisions(from, to)],
    value: { old: MOMENT, new: inZone(MOMENT, zone) },
  })),
  zoned('timestamptz', 'timestamp', (from, to, { zone }) => ({
    name: 'timestamptzToTimestamp',
    args: [zone, ...precisions(from, to)],
    // In UTC first, because the numbers of a test may reach an hour that does not occur.
    value: { old: `(${inZone(MOMENT, 'UTC')})`, new: inZone(`(${inZone(MOMENT, 'UTC')})`, zone) },
  })),
  pair('date', 'timestamp', 'dateToTimestamp', () => ({ old: DAY, new: `${DAY}::timestamp` })),
  pair('timestamp', 'date', 'timestampToDate', () => ({ old: `${DAY}::timestamp`, new: DAY })),
  zoned('date', 'timestamptz', (_from, _to, { zone }) => ({
    name: 'dateToTimestamptz',
    args: [zone],
    value: { old: DAY, new: inZone(`${DAY}::timestamp`, zone) },
  })),
  zoned('timestamptz', 'date', (_from, _to, { zone }) => ({
    name: 'timestamptzToDate',
    args: [zone],
    value: { old: `(${inZone(`${DAY}::timestamp`, zone)})`, new: DAY },
  })),
  ...(['integer', 'bigint'] as const).flatMap((family) => [
    zoned(family, 'timestamptz', (from, to, { epochUnit = 's' }) => {
      const unit = family === 'integer' ? 's' : epochUnit;
      const value = epoch(family, unit);
      return {
        name: 'epochToTimestamptz',
        args: [unit, ...epochTypes(from, to)],
        value: { old: value.integer, new: value.moment },
      };
    }),
    zoned('timestamptz', family, (from, to) => {
      const unit = family === 'integer' ? 's' : unitOf(from);
      const value = epoch(family, unit);
      return {
        name: 'timestamptzToEpoch',
        args: [unit, ...epochTypes(to, from)],
        value: { old: value.moment, new: value.integer },
      };
    }),
  ]),
];
