import type { NewChange } from '../../../new-change/new-change.ts';
import type { Unwritten } from '../schemas/unwritten-parts.ts';
import type { TablePlace } from '../schemas/table-place.ts';

/** SQL expressions: a value, and the condition for the rows that get it. */
export interface FilledValue {
  readonly value: string;
  readonly where: string;
}

/** Rows that a further migration fills. */
export interface FillToWrite extends TablePlace, FilledValue {
  readonly column: string;
  /** The values on the way back, if the rows shall get them. */
  readonly back?: FilledValue;
  /** Whether another migration makes the column required afterwards. */
  readonly isRequired: boolean;
}

/** The parts of a new migration. */
export interface Decided {
  /** The statements of the ordinary migration, as MikroORM separates them. */
  readonly up: string;
  readonly down: string;
  /** The statements of a migration for the time when no process uses the dropped columns and tables any more; empty if there is none. */
  readonly drops: { readonly up: string; readonly down: string };
  /** Column changes, in their order, after the ordinary migration. */
  readonly changes: readonly NewChange[];
  readonly fills: readonly FillToWrite[];
  readonly unwritten: Unwritten;
  /** Sentences for the author, without a full stop. */
  readonly notes: readonly string[];
}
