import { DeclarationError } from '../../change/declaration-check.ts';
import type { Conversion } from '../../change/column-change.ts';
import * as conversions from '../../conversions/index.ts';
import type { ConversionPair, FittingConversion, PairDetails, PairValue } from './conversion-pair.ts';
import { DOCUMENT_PAIRS } from './document-pairs.ts';
import { NUMBER_PAIRS } from './number-pairs.ts';
import { TEXT_PAIRS } from './text-pairs.ts';
import { TIME_PAIRS } from './time-pairs.ts';
import { familyTypeOf } from './type-family.ts';

/** A conversion with sample values, as written into files. */
export interface ChosenConversion {
  /** Its name in `online-migration/conversions`. */
  readonly name: string;
  /** All names that the expression uses. */
  readonly imports: readonly string[];
  /** The module of these names, if the project has to write the conversion itself; seen from the declaration. */
  readonly module?: string;
  /** The expression that creates the conversion: `textToNumeric(12, 2)`. */
  readonly expression: string;
  readonly conversion: Conversion;
  /** SQL of the old and of the new value for the number `${n}`. */
  readonly value: PairValue;
}

const BY_NAME: Readonly<Record<FittingConversion['name'], unknown>> = { ...conversions };
const PAIRS: readonly ConversionPair[] = [...NUMBER_PAIRS, ...TIME_PAIRS, ...TEXT_PAIRS, ...DOCUMENT_PAIRS];

/**
 * Finds the package's conversion between two types in the catalog's spelling.
 * @returns null if it has none; the reason, without a full stop, if the pair is known and cannot convert these two
 *   types
 */
export function knownConversion(
  from: string,
  to: string,
  details: PairDetails,
): ChosenConversion | string | null {
  const types = [familyTypeOf(from, details.oldLabels ?? []), familyTypeOf(to, details.labels)] as const;
  const [fromType, toType] = types;
  if (fromType === null || toType === null) return ofArrays(from, to, details);
  const found = PAIRS.find((pair) => pair.from.includes(fromType.family) && pair.to.includes(toType.family));
  const fitting = found?.choose(fromType, toType, details);
  if (fitting === undefined) return null;
  return typeof fitting === 'string' ? fitting : created(fitting);
}

/** Arrays convert by their elements. */
function ofArrays(from: string, to: string, details: PairDetails): ChosenConversion | string | null {
  const [old, added] = [from, to].map((type) => /^(.+)\[\]$/.exec(type)?.[1]);
  if (old === undefined || added === undefined) return null;
  const element = knownConversion(old, added, details);
  if (element === null || typeof element === 'string') return element;
  return {
    name: 'arrayOf',
    imports: ['arrayOf', ...element.imports],
    expression: `arrayOf(${element.expression})`,
    conversion: conversions.arrayOf(element.conversion),
    value: { old: `array[${element.value.old}, null]`, new: `array[${element.value.new}, null]` },
  };
}

/** The conversion, or the reason why its function does not accept the arguments. */
function created({ name, args, written, value }: FittingConversion): ChosenConversion | string {
  const exported = BY_NAME[name];
  if (typeof exported !== 'function') {
    return { name, imports: [name], expression: name, conversion: exported as Conversion, value };
  }
  try {
    const create = exported as (...values: readonly unknown[]) => Conversion;
    const expression = `${name}(${written ?? (args ?? []).map(asCode).join(', ')})`;
    return { name, imports: [name], expression, conversion: create(...(args ?? [])), value };
  } catch (error) {
    if (!(error instanceof DeclarationError)) throw error;
    return error.message.replace(/\.$/, '');
  }
}

/** An argument as TypeScript. */
function asCode(value: unknown): string {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return JSON.stringify(value);
  const properties = Object.entries(value).map(([key, one]) => `${key}: ${asCode(one)}`);
  return `{ ${properties.join(', ')} }`;
}
