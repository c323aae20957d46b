import { COLUMN_EDITS } from './column-edits.ts';
import { CONSTRAINT_EDITS } from './constraint-edits.ts';
import type { Edit } from './edit.ts';
import { INDEX_EDITS } from './index-edits.ts';
import { TABLE_EDITS } from './table-edits.ts';
import { TYPE_EDITS } from './type-edits.ts';

/** All edits, by theme. */
export const EDITS: readonly Edit[] = [
  ...COLUMN_EDITS,
  ...TYPE_EDITS,
  ...INDEX_EDITS,
  ...CONSTRAINT_EDITS,
  ...TABLE_EDITS,
];
