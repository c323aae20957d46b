import type { ChangedColumn } from '../../../../src/online-migration/change/changed-column.ts';
import type { ObstacleCode } from '../../../../src/online-migration/change/obstacle-codes.ts';
import { integerToBigint } from '../../../../src/online-migration/conversions/integer-to-bigint.ts';

/** The change that is refused, where a case declares nothing else. */
export const change: ChangedColumn = {
  table: { schema: 'public', name: 'part' },
  key: 'id',
  oldColumn: { name: 'size', type: 'integer' },
  newColumn: { name: 'size_new', type: 'bigint' },
  conversion: integerToBigint,
};

/**
 * Statements that put something in the way; the code of the obstacle and its message, as a pattern; what is declared
 * otherwise than in {@link change}.
 */
export type Obstacle = readonly [
  setup: string,
  code: ObstacleCode,
  reason: RegExp,
  declared?: Partial<ChangedColumn>,
];
