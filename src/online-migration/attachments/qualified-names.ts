const IDENTIFIER = String.raw`(?:"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*)`;
/** A text in quotes, or a name of one or two parts. A name in front of a parenthesis is that of a function. */
const TOKEN = new RegExp(String.raw`'(?:[^']|'')*'|${IDENTIFIER}(?:\.${IDENTIFIER})?(\()?`, 'gu');
const PARTS = new RegExp(IDENTIFIER, 'gu');

/**
 * Replaces relations in a definition that the catalog has written. The catalog writes neither comments nor texts with
 * backslash escapes.
 * @param replacements the relations and their replacements; each with its schema, quoted or not
 */
export function replaceRelations(
  definition: string,
  replacements: readonly (readonly [relation: string, replacement: string])[],
): string {
  const byName = new Map(replacements.map(([relation, replacement]) => [unquoted(relation), replacement]));
  return definition.replaceAll(TOKEN, (token: string, parenthesis: string | undefined) =>
    parenthesis === undefined ? (byName.get(unquoted(token)) ?? token) : token,
  );
}

/** The parts of a name as the catalog stores them. */
function unquoted(name: string): string {
  if (name.startsWith(`'`)) return name;
  const parts = name.match(PARTS) ?? [];
  return JSON.stringify(
    parts.map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part)),
  );
}
