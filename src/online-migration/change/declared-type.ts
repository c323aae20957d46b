/** The type before its modifier, and the modifier. A name in quotes may contain parentheses. */
const MODIFIER = /^((?:"(?:[^"]|"")*"|[^"(])*)\(([^()]*)\)/;

/**
 * SQL that compares a column's type with a declared one, including the modifier: `varchar(50)` is not `varchar(100)`.
 *
 * @param attribute alias of a row of `pg_attribute`
 * @param type parameter of the first of {@link typeValues}
 * @param modifier parameter of the second
 */
export function isOfType(attribute: string, type: string, modifier: string): string {
  const actual = `substring(
        regexp_replace(format_type(${attribute}.atttypid, ${attribute}.atttypmod), '"([^"]|"")*"', '', 'g') from '[(]([^()]*)[)]'
      )`;
  return `(${attribute}.atttypid = ${type}::text::regtype and ${actual} is not distinct from ${modifier}::text)`;
}

/** Types with another meaning if the modifier is missing, and their names for values of any length. */
const ANY_LENGTH: Readonly<Record<string, string>> = { char: 'bpchar', character: 'bpchar', bit: '"bit"' };

/** A declared type for values of any length: a cast to `varchar(50)` would truncate a text that the column refuses. */
export function typeOfAnyLength(declared: string): string {
  const type = typeValues(declared)[0].trim();
  return ANY_LENGTH[type.toLowerCase()] ?? type;
}

/** A declared type as the two values for {@link isOfType}: the type without its modifier, and the modifier. */
export function typeValues(declared: string): [type: string, modifier: string | null] {
  const modifier = MODIFIER.exec(declared)?.[2]?.replaceAll(' ', '') ?? null;
  return [declared.replace(MODIFIER, '$1'), modifier];
}
