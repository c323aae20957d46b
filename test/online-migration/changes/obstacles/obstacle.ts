import type { ObstacleCode } from '../../../../src/online-migration/change/obstacle-codes.ts';
import { integerToBigint } from '../../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import type { ColumnChange } from '../../../../src/online-migration/change/column-change.ts';
import { type ChangeOptions, changeOf } from '../../../support/change-of.ts';

/** The declarations of a case that differ from {@link changeOfPart}. */
export type Declared = Partial<ChangeOptions> & { readonly column?: string };

/** The change of a column of `part`, by default of `size` from integer to bigint. */
export function changeOfPart({ column = 'size', ...declared }: Declared = {}): ColumnChange {
  return changeOf(`part.${column}`, {
    from: 'integer',
    to: 'bigint',
    conversion: integerToBigint,
    ...declared,
  });
}

/** Statements that create an obstacle, the obstacle's code, and a pattern of its message. */
export type Obstacle = readonly [setup: string, code: ObstacleCode, reason: RegExp, declared?: Declared];
