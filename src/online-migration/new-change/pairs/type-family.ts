/** A type in the catalog's spelling, taken apart. */
export interface FamilyType {
  readonly family: Family;
  /** As the catalog writes it: `character varying(50)`. */
  readonly text: string;
  /** The numbers in its parentheses. */
  readonly modifiers: readonly number[];
  /** Its labels, in order, if it is an enum. */
  readonly labels: readonly string[];
}

/** Types that convert in the same way, whatever their length or precision is. */
export type Family = (typeof FAMILIES)[number][0];

const FAMILIES = [
  ['smallint', /^smallint$/],
  ['integer', /^integer$/],
  ['bigint', /^bigint$/],
  ['numeric', /^numeric(?:\((\d+),(\d+)\))?$/],
  ['real', /^real$/],
  ['double', /^double precision$/],
  ['money', /^money$/],
  ['boolean', /^boolean$/],
  ['text', /^(?:text|character varying)$/],
  ['varchar', /^character varying\((\d+)\)$/],
  ['char', /^character\((\d+)\)$/],
  ['citext', /^(?:"[^"]+"|\w+)[.]citext$/],
  ['timestamp', /^timestamp(?:\((\d)\))? without time zone$/],
  ['timestamptz', /^timestamp(?:\((\d)\))? with time zone$/],
  ['date', /^date$/],
  ['uuid', /^uuid$/],
  ['json', /^json$/],
  ['jsonb', /^jsonb$/],
  ['inet', /^inet$/],
  ['bytea', /^bytea$/],
  ['interval', /^interval$/],
  ['text[]', /^text\[\]$/],
  ['enum', /^(?!)/],
] as const;

/**
 * @param type in the catalog's spelling
 * @param labels of the type, if it is an enum
 * @returns null for a type of no known family
 */
export function familyTypeOf(type: string, labels: readonly string[]): FamilyType | null {
  if (labels.length > 0) return { family: 'enum', text: type, modifiers: [], labels };
  for (const [family, pattern] of FAMILIES) {
    const [, ...found] = pattern.exec(type) ?? [null];
    if (pattern.test(type)) {
      const modifiers = found.filter((one) => one !== undefined).map(Number);
      return { family, text: type, modifiers, labels: [] };
    }
  }
  return null;
}

/** The greatest number of characters that a text of the type can have. */
export function lengthOf({ modifiers }: FamilyType): number {
  return modifiers[0] ?? Infinity;
}

/** Digits of a second's fraction of a time type that is declared without a precision. */
const FULL_PRECISION = 6;

/** Digits of a second's fraction. */
export function precisionOf({ modifiers }: FamilyType): number {
  return modifiers[0] ?? FULL_PRECISION;
}
