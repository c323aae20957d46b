/** `YYYY-MM-DD HH:MM:SS`, the only form in which clients see and send a moment; the year 0000 does not exist. */
const MOMENT = /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;

/** A point and the digits of a second's fraction, as a stored text may have them at the end. */
const FRACTION = /^\.\d{1,6}$/;

/** 00 to 59, ready: a list writes five of them for each record. */
const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));

/** Length of `YYYY-MM-DD`, and of the same with ` HH:MM:SS`. */
const DATE_LENGTH = 10;
const MOMENT_LENGTH = 19;

/**
 * Reads a moment, in UTC.
 *
 * @param text `YYYY-MM-DD HH:MM:SS`: a date of the calendar in the years 0001–9999, a time from 00:00:00 to 23:59:59
 * @returns the moment, or null if the text is none
 */
export function parseMoment(text: string): Date | null {
  if (!MOMENT.test(text)) return null;
  const date = text.slice(0, DATE_LENGTH);
  // Not Date.UTC: that one takes the years 0–99 for 1900–1999.
  const moment = new Date(`${date}T${text.slice(DATE_LENGTH + 1)}Z`);
  // A day that its month lacks does not fail: it becomes one of the next month.
  return date.endsWith(TWO_DIGITS[moment.getUTCDate()]!) ? moment : null;
}

/**
 * Reads a stored text.
 *
 * @param text what a column holds: a moment, with up to six digits of a second's fraction, or anything else
 * @returns the moment with its fraction cut off, or the text itself where it is no moment
 */
export function readStoredMoment(text: string): Date | string {
  const fraction = text.slice(MOMENT_LENGTH);
  const isMomentWithFraction = fraction === '' || FRACTION.test(fraction);
  return (isMomentWithFraction && parseMoment(text.slice(0, MOMENT_LENGTH))) || text;
}

/**
 * Writes a moment, in UTC.
 *
 * @param moment in the years 0001–9999; a fraction of its second is cut off
 * @returns `YYYY-MM-DD HH:MM:SS`
 */
export function formatMoment(moment: Date): string {
  const year = String(moment.getUTCFullYear()).padStart(4, '0');
  const month = TWO_DIGITS[moment.getUTCMonth() + 1];
  const day = TWO_DIGITS[moment.getUTCDate()];
  const hour = TWO_DIGITS[moment.getUTCHours()];
  const minute = TWO_DIGITS[moment.getUTCMinutes()];
  const second = TWO_DIGITS[moment.getUTCSeconds()];
  // By hand, because a list formats a moment for each record and toISOString takes twice the time.
  return `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}

/**
 * @returns the moment now, cut to a whole second
 */
export function currentMoment(): Date {
  const now = new Date();
  now.setUTCMilliseconds(0);
  return now;
}
