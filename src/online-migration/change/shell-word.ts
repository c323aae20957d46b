import type { ColumnChange } from './column-change.ts';
import { changeNamesOf } from './names.ts';

/** Text that needs no quotes in a shell. */
const PLAIN = /^[\w.,=-]+$/;

/** A word of a command, quoted for a shell if it needs quotes. */
export function inShell(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A change's name, quoted for a shell: `'public.orders.total 2'`. */
export function argumentFor(change: ColumnChange): string {
  return inShell(changeNamesOf(change).change);
}
