/** The names of types that people write, by the catalog's. Its modifier may be in the middle: `timestamp(3) with time zone`. */
const ALIASES: readonly [catalog: RegExp, alias: string][] = [
  [/^character varying(?=$|[([])/, 'varchar'],
  [/^(timestamp|time)((?:\(\d\))?) with time zone(?=$|\[)/, '$1tz$2'],
  [/^(timestamp|time)((?:\(\d\))?) without time zone(?=$|\[)/, '$1$2'],
];

/**
 * A type as people write it; both texts mean the same type.
 * @param type as the catalog writes it: `character varying(50)`, `timestamp with time zone[]`
 * @returns `varchar(50)`, `timestamptz[]`
 */
export function typeAlias(type: string): string {
  return ALIASES.reduce((text, [catalog, alias]) => text.replace(catalog, alias), type);
}
