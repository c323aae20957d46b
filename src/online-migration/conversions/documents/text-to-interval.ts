import type { Conversion } from '../../change/column-change.ts';
import { onlyIf, reversedToText } from '../shared/expression.ts';

/** Digits of a number, so few that no sum exceeds the range of `interval`. */
const DIGITS = 6;
const NUMBER = `[0-9]{1,${DIGITS}}`;
const FRACTION = '(?:[.][0-9]{1,6})?';
const TIME = `${NUMBER}:[0-5][0-9]:[0-5][0-9]${FRACTION}`;
const DATE_UNITS = ['years?', '(?:mons?|months?)', 'weeks?', 'days?'];
const TIME_UNITS = ['hours?', '(?:mins?|minutes?)', `(?:secs?|seconds?)`];

/** Each unit at most once and in this order, because PostgreSQL refuses a unit that occurs twice. */
function parts(units: readonly string[], sign = ''): string {
  return units.map((unit) => `(?:${sign}${NUMBER} ${unit}(?: |$))?`).join('');
}

/*
 * Without a minus, or with one before each number. With fewer, the meaning depends on IntervalStyle: in the style
 * `sql_standard`, the first minus applies to all numbers.
 */
const POSITIVE = `(?=[0-9])${parts(DATE_UNITS)}(?:${TIME}|${parts(TIME_UNITS)})`;
const NEGATIVE = `(?=-)${parts(DATE_UNITS, '-')}(?:-${TIME})?`;
const ISO =
  `P(?=[0-9T])(?:${NUMBER}Y)?(?:${NUMBER}M)?(?:${NUMBER}D)?` +
  `(?:T(?=[0-9])(?:${NUMBER}H)?(?:${NUMBER}M)?(?:${NUMBER}${FRACTION}S)?)?`;
const PATTERN = `^(?:${POSITIVE}|${NEGATIVE}|${ISO})$`;

/** The text of an interval in the style `postgres`, whose numbers all have the same sign. */
function textOf(value: string): string {
  const part = (field: string) => `extract(${field} from ${value})`;
  const named = (field: string, one: string) =>
    onlyIf(
      `${part(field)} <> 0`,
      `${part(field)} || case ${part(field)} when 1 then ' ${one}' else ' ${one}s' end`,
    );
  const digits = (field: string, format: string) => `to_char(abs(${part(field)}), '${format}')`;
  const seconds = `rtrim(rtrim(${digits('second', 'FM00.000000')}, '0'), '.')`;
  const hasTime = `${part('hour')} <> 0 or ${part('minute')} <> 0 or ${part('second')} <> 0`;
  const isNegative = `${part('hour')} < 0 or ${part('minute')} < 0 or ${part('second')} < 0`;
  const time = `case when ${isNegative} then '-' else '' end || ${digits('hour', `FM${'9'.repeat(DIGITS - 2)}00`)} || ':' || ${digits('minute', 'FM00')} || ':' || ${seconds}`;
  const isZero = `${value} = interval '0' and ${part('year')} = 0 and ${part('month')} = 0 and ${part('day')} = 0`;
  return `concat_ws(' ', ${named('year', 'year')}, ${named('month', 'mon')}, ${named('day', 'day')}, ${onlyIf(`${hasTime} or ${isZero}`, time)})`;
}

/** A condition on an interval: its numbers have at most six digits and the same sign. */
function isWritable(value: string): string {
  const fields = ['year', 'month', 'day', 'hour', 'minute', 'second'].map(
    (field) => `extract(${field} from ${value})`,
  );
  const [least, greatest] = [`least(${fields.join(', ')})`, `greatest(${fields.join(', ')})`];
  const limit = 10 ** DIGITS;
  return `(${least} >= 0 or ${greatest} <= 0) and ${least} > -${limit} and ${greatest} < ${limit}`;
}

/**
 * Text to `interval` and back: `1 day 02:00:00`, `90 minutes`, `-1 days -02:00:00` and `PT30M`. Each unit may occur
 * once, from the longest to the shortest, with numbers of at most six digits; a minus must be before each number.
 * Contract keeps a text in another notation than PostgreSQL's own. An interval whose numbers have different signs cannot
 * be converted back.
 */
export const textToInterval: Conversion = {
  forward: (value) => onlyIf(`(${value}::text collate "C") ~ '${PATTERN}'`, `${value}::text::interval`),
  backward: (value) => onlyIf(`isfinite(${value})`, onlyIf(isWritable(value), textOf(value))),
};

/** `interval` to text and back, as in `1 day 02:00:00`. Any other text cannot be converted back. */
export const intervalToText: Conversion = reversedToText(textToInterval);
