/** `YYYY-MM-DD HH:MM:SS`, the only form in which clients see and send a moment; the year 0000 does not exist. */
const MOMENT = /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;

/** A point and the digits of a second's fraction, as a stored text may have them at the end. */
const FRACTION = /^\.\d{1,6}$/;

/** Length of `YYYY-MM-DD`, and of the same with ` HH:MM:SS`. */
const DATE_LENGTH = 10;
const MOMENT_LENGTH = 19;

/**
 * Reads a moment, in UTC.
 *
 * @param text `YYYY-MM-DD HH:MM:SS`: a date of the calendar in the years 0001–9999, a time from 00:00:00 to 23:59:59
 * @returns the moment, or null where the text is none
 */
export function parseMoment(text: string): Date | null {
  if (!MOMENT.test(text)) return null;
  const date = text.slice(0, DATE_LENGTH);
  // Not Date.UTC: that one takes the years 0–99 for 1900–1999.
  const moment = new Date(`${date}T${text.slice(DATE_LENGTH + 1)}Z`);
  // A day that its month lacks does not fail: it becomes one of the next month.
  return date.endsWith(digits(moment.getUTCDate(), 2)) ? moment : null;
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
  const year = digits(moment.getUTCFullYear(), 4);
  const month = digits(moment.getUTCMonth() + 1, 2);
  const day = digits(moment.getUTCDate(), 2);
  const hour = digits(moment.getUTCHours(), 2);
  const minute = digits(moment.getUTCMinutes(), 2);
  const second = digits(moment.getUTCSeconds(), 2);
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

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}
