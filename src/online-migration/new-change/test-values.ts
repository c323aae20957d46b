import { escapeLiteral } from 'pg';
import { valueOfType } from './key-fillings.ts';
import type { NewColumn } from './new-change.ts';
import type { PairValue } from './pairs/conversion-pair.ts';

/** A changed column in the table of the test. */
export interface TestedColumn {
  readonly column: NewColumn;
  /** The SQL of its values; null if it generates them, or if none are known. */
  readonly value: PairValue | null;
}

/** The column with the values that the test writes. */
export function testedColumn(column: NewColumn): TestedColumn {
  return { column, value: column.facts.isNumbered ? null : (column.conversion?.value ?? sameValue(column)) };
}

/** A renamed column has one value; null if none is known for its type. */
function sameValue({ change, labels }: NewColumn): PairValue | null {
  const { type } = change.oldColumn;
  const [label] = labels;
  const value = label === undefined ? valueOfType(type) : `${escapeLiteral(label)}::${type}`;
  return value === null ? null : { old: value, new: value };
}
