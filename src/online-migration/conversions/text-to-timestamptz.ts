import type { Conversion } from '../column-change.ts';

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

/**
 * Exactly `YYYY-MM-DD HH:MM:SS`, with 1 to 6 digits of a fraction or none, of a day that the Gregorian calendar has.
 * Only `[0-9]` and `[.]`: `\d` follows the collation, and a backslash follows `standard_conforming_strings`.
 */
const REAL_MOMENT = `^(?:${DAY_OF_MONTH}) ${TIME_OF_DAY}(?:[.][0-9]{1,6})?$`;

/**
 * Text in the form `YYYY-MM-DD HH:MM:SS`, read as UTC, to `timestamptz` and back.
 *
 * PostgreSQL's own cast takes `now`, `infinity`, `24:00:00` and `01/02/2024`, and reads the last as DateStyle says. The
 * pattern lets only real moments reach the cast, so that the cast can neither fail nor depend on the session. The year
 * 0000 has the right form and does not exist.
 */
export const textToTimestamptz: Conversion = {
  forward: (value) => `
    case
      when ${value} ~ '${REAL_MOMENT}' and ${value} !~ '^0000'
      then ${value}::timestamp at time zone 'UTC'
    end`,

  backward: (value) => `
    case
      when ${value} >= timestamptz '0001-01-01 00:00:00+00' and ${value} < timestamptz '10000-01-01 00:00:00+00'
      then to_char(${value} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
        || rtrim(rtrim(to_char(${value} at time zone 'UTC', '.US'), '0'), '.')
    end`,
};
