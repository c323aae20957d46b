import type { TableFill } from './fill/table-fill.ts';

/** A part of an ordinary migration: a text of one or several SQL statements, or a fill. */
export type Part = string | TableFill;
