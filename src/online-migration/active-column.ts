import type { ColumnChange, Queryable } from './column-change.ts';

/** Where the application finds the value now. */
export interface ActiveColumn {
  /** Which of the three mappings fits: the old column, the new one under its interim name, the new one renamed. */
  readonly form: 'old' | 'new' | 'renamed';
  /** The column's name in the table. */
  readonly name: string;
}

/** SQLSTATEs that mean that the table no longer looks as a query supposed. */
const OUTDATED_SHAPE_CODES = new Set(['42703', '42P01', '42804', '0A000']);

export type X = [ColumnChange, Queryable, typeof OUTDATED_SHAPE_CODES];
