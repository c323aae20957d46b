import type { Conversion } from '../../change/column-change.ts';
import { reversedToText } from '../shared/expression.ts';

const YEAR = '[0-9]{4}';
const DIVISIBLE_BY_4 = '(?:[02468][048]|[13579][26])';
const LEAP_YEAR = `(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|${DIVISIBLE_BY_4}00)`;
const DAY_OF_MONTH = [
  `${YEAR}-(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])`,
  `${YEAR}-(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)`,
  `${YEAR}-02-(?:0[1-9]|1[0-9]|2[0-8])`,
  `${LEAP_YEAR}-02-29`,
].join('|');
const TIME_OF_DAY = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]';

/** Largest number of fraction digits in PostgreSQL. */
const MAX_DIGITS = 6;

/**
 * Exactly `YYYY-MM-DD HH:MM:SS`, with at most 6 fraction digits, and only days of the Gregorian calendar. It uses
 * only `[0-9]` and `[.]`, because `\d` depends on the collation and a backslash on `standard_conforming_strings`.
 * @param precision number of fraction digits that may differ from zero
 */
function realTimestamp(precision: number): string {
  const zeros = MAX_DIGITS - precision;
  const fraction = precision === 0 ? `0{1,${zeros}}` : `[0-9]{1,${precision}}0{0,${zeros}}`;
  return `^(?:${DAY_OF_MONTH}) ${TIME_OF_DAY}(?:[.]${fraction})?$`;
}

const DAYS_OF_MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** Every `-MM-DD` except the leap day. */
const DAYS_OF_EVERY_YEAR = DAYS_OF_MONTHS.flatMap((days, month) =>
  numbers(1, days).map((day) => `-${twoDigits(month + 1)}-${day}`),
);
const USUAL_YEARS = ['19', '20', '21'].flatMap((century) => numbers(0, 99).map((year) => century + year));
const MINUTES_OF_A_DAY = numbers(0, 23).flatMap((hour) =>
  numbers(0, 59).map((minute) => ` ${hour}:${minute}`),
);
const SECONDS_OF_A_MINUTE = numbers(0, 59).map((second) => `:${second}`);

/**
 * A faster check for nearly all timestamps in practice: whole seconds of nearby centuries, except leap days.
 * PostgreSQL looks up a part in a list of constants by its hash. It hashes the lists again in each statement.
 * @param text an expression with the collation "C", because other collations may treat different bytes as equal
 */
function isPlainTimestamp(text: string): string {
  const part = (from: number, length: number, values: string[]) =>
    `substr(${text}, ${from}, ${length}) = any ('{"${values.join('","')}"}'::text[])`;
  return [
    `octet_length(${text}) = 19`,
    part(1, 4, USUAL_YEARS),
    part(5, 6, DAYS_OF_EVERY_YEAR),
    part(11, 6, MINUTES_OF_A_DAY),
    part(17, 3, SECONDS_OF_A_MINUTE),
  ].join('\n        and ');
}

function isRealTimestamp(text: string, precision: number): string {
  return `${text} ~ '${realTimestamp(precision)}' and ${text} !~~ '0000%'`;
}

function timestampIf(condition: (text: string) => string, value: string): string {
  return `
    case
      when ${condition(`(${value}::text collate "C")`)}
      then ${value}::text::timestamp at time zone 'UTC'
    end`;
}

/**
 * Text in the form `YYYY-MM-DD HH:MM:SS`, read as UTC, to `timestamptz` and back.
 *
 * PostgreSQL's own cast accepts `now`, `infinity`, `24:00:00` and `01/02/2024`, and reads the last one according to
 * DateStyle. Only real timestamps reach the cast, so it neither fails nor depends on the session. The year 0000 has
 * the right form but does not exist.
 */
export const textToTimestamptz: Conversion = textToTimestamptzOf(MAX_DIGITS);

/**
 * The same for `timestamptz(precision)`. A text with more digits has no equal, because PostgreSQL would round it.
 *
 * @param precision digits of a second's fraction, from 0 to 6
 */
export function textToTimestamptzOf(precision: number): Conversion {
  const isReal = (text: string) => isRealTimestamp(text, precision);
  // The cast changes nothing, but PostgreSQL knows the precision of the expression by it.
  const precise = (expression: string) =>
    precision === MAX_DIGITS ? expression : `(${expression})::timestamptz(${precision})`;
  return {
    forward: (value) => precise(timestampIf(isReal, value)),
    forwardInBulk: (value) =>
      precise(timestampIf((text) => `${isPlainTimestamp(text)} or ${isReal(text)}`, value)),

    // JSON has the ISO format whatever DateStyle is, without the zeros at the end of a fraction, and costs half of to_char. The
    // longest text has 26 characters; the cast tells PostgreSQL.
    backward: (value) => `(
    case
      when ${value} >= timestamptz '0001-01-01 00:00:00+00' and ${value} < timestamptz '10000-01-01 00:00:00+00'
      then replace(to_json(${value} at time zone 'UTC') #>> '{}', 'T', ' ')
    end)::varchar(26)`,
    isInvertible: true,
  };
}

/**
 * `timestamptz(precision)` to text and back: `YYYY-MM-DD HH:MM:SS` in UTC, with a fraction if it is not zero. Any other
 * text cannot be converted back. `infinity` and years of more than four digits are rejects.
 *
 * @param precision digits of a second's fraction, from 0 to 6
 */
export function timestamptzToText(precision: number = MAX_DIGITS): Conversion {
  return reversedToText(textToTimestamptzOf(precision));
}

/** The numbers of a span, each as two digits. */
function numbers(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, n) => twoDigits(first + n));
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}
