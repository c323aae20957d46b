import type * as conversions from '../../conversions/index.ts';
import type { Family, FamilyType } from './type-family.ts';

/** The name of a conversion in `online-migration/conversions`. */
export type ConversionName = keyof typeof conversions;

/** SQL of the old and of the new value for the number `${n}`. */
export interface PairValue {
  readonly old: string;
  readonly new: string;
}

/** A conversion of the package that fits two types. */
export interface FittingConversion {
  readonly name: ConversionName;
  /** The arguments, if it is a function. */
  readonly args?: readonly unknown[];
  /** The arguments as files write them, if that is not JSON. */
  readonly written?: string;
  readonly value: PairValue;
}

/** Further input that some pairs of types need. */
export interface PairDetails {
  /** The labels of the new type, if it is an enum. */
  readonly labels: readonly string[];
  /** The same for the old type. */
  readonly oldLabels?: readonly string[];
  /** The time zone of the timestamps. */
  readonly zone: string;
  /** The unit of integers that are times; seconds if it is not known. */
  readonly epochUnit?: conversions.EpochUnit;
}

/** A pair of families, and its conversion. */
export interface ConversionPair {
  readonly from: readonly Family[];
  readonly to: readonly Family[];
  /** @returns the reason, without a full stop, if the pair cannot convert these two types */
  readonly choose: (from: FamilyType, to: FamilyType, details: PairDetails) => FittingConversion | string;
}

/** The place of the number in the SQL of a value. */
export const N = '${n}';

/** A pair of two families whose conversion takes no arguments, or those of the function. */
export function pair(
  from: Family,
  to: Family,
  name: ConversionName,
  value: (from: FamilyType, to: FamilyType) => PairValue | string,
  args?: (from: FamilyType, to: FamilyType, details: PairDetails) => readonly unknown[],
): ConversionPair {
  return {
    from: [from],
    to: [to],
    choose: (fromType, toType, details) => {
      const values = value(fromType, toType);
      if (typeof values === 'string') return values;
      return {
        name,
        value: values,
        ...(args === undefined ? {} : { args: args(fromType, toType, details) }),
      };
    },
  };
}
