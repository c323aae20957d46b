/** `YYYY-MM-DD HH:MM:SS`, the only format that clients see and send. The year 0000 does not exist. */
const TIMESTAMP =
  /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;

/** The fraction of a second that a stored text may end with. */
const FRACTION = /^\.\d{1,6}$/;

/** 00 to 59, precomputed: a list formats five of them per record. */
const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));

/** Lengths of `YYYY-MM-DD` and `YYYY-MM-DD HH:MM:SS`. */
const DATE_LENGTH = 10;
const TIMESTAMP_LENGTH = 19;

/**
 * Parses a timestamp in UTC.
 *
 * @param text `YYYY-MM-DD HH:MM:SS`: a calendar date in the years 0001–9999, a time from 00:00:00 to 23:59:59
 * @returns the timestamp, or null if the text is not one
 */
export function parseTimestamp(text: string): Date | null {
  if (!TIMESTAMP.test(text)) return null;
  const date = text.slice(0, DATE_LENGTH);
  // Not Date.UTC: it maps the years 0–99 to 1900–1999.
  const timestamp = new Date(`${date}T${text.slice(DATE_LENGTH + 1)}Z`);
  // A day that the month lacks does not fail: Date moves it to the next month.
  return date.endsWith(TWO_DIGITS[timestamp.getUTCDate()]!) ? timestamp : null;
}

/**
 * Parses a stored text.
 *
 * @param text the column's text: a timestamp with up to six fractional digits, or anything else
 * @returns the timestamp without its fraction, or the text itself if it is not a timestamp
 */
export function readStoredTimestamp(text: string): Date | string {
  const fraction = text.slice(TIMESTAMP_LENGTH);
  const isTimestampWithFraction = fraction === '' || FRACTION.test(fraction);
  return (isTimestampWithFraction && parseTimestamp(text.slice(0, TIMESTAMP_LENGTH))) || text;
}

/**
 * Formats a timestamp in UTC.
 *
 * @param timestamp in the years 0001–9999; its fraction of a second is cut off
 * @returns `YYYY-MM-DD HH:MM:SS`
 */
export function formatTimestamp(timestamp: Date): string {
  const year = String(timestamp.getUTCFullYear()).padStart(4, '0');
  const month = TWO_DIGITS[timestamp.getUTCMonth() + 1];
  const day = TWO_DIGITS[timestamp.getUTCDate()];
  const hour = TWO_DIGITS[timestamp.getUTCHours()];
  const minute = TWO_DIGITS[timestamp.getUTCMinutes()];
  const second = TWO_DIGITS[timestamp.getUTCSeconds()];
  // Not toISOString: it takes twice the time, and a list formats a timestamp per record.
  return `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}

/** @returns the current time, cut to a whole second */
export function currentTimestamp(): Date {
  const now = new Date();
  now.setUTCMilliseconds(0);
  return now;
}
