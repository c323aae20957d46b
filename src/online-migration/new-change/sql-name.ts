import { escapeIdentifier } from 'pg';

/** One part of a name, and the point or the end after it. PostgreSQL accepts any letter without quotes. */
const PART = /(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))(\.|$)/uy;
const NEEDS_NO_QUOTES = /^[a-z_][a-z0-9_]*$/;

/**
 * Reads a name as SQL does: `Shop."Parcel"` is the table `Parcel` of the schema `shop`.
 * @returns null if the text is no name in SQL
 */
export function sqlParts(text: string): string[] | null {
  const parts: string[] = [];
  PART.lastIndex = 0;
  for (let isLast = false; !isLast;) {
    const found = PART.exec(text);
    if (found === null) return null;
    const [, quoted, plain, end] = found;
    parts.push(quoted?.replaceAll('""', '"') ?? folded(plain!));
    isLast = end === '';
  }
  return parts;
}

/** A name for a new column: without quotes as it is given, because SQL would only lose its capital letters. */
export function newName(text: string): string {
  const parts = text.startsWith('"') ? sqlParts(text) : null;
  return parts?.length === 1 ? parts[0]! : text;
}

/** A name as SQL writes it, with quotes if it needs them. */
export function asSql(...parts: readonly string[]): string {
  return parts.map((part) => (NEEDS_NO_QUOTES.test(part) ? part : escapeIdentifier(part))).join('.');
}

/** The option that names one thing in a shell: `--table '"User"'`. The name is always in quotes, so nothing is folded. */
export function optionFor(option: string, ...parts: readonly string[]): string {
  const name = parts.map((part) => escapeIdentifier(part)).join('.');
  return `${option} '${name.replaceAll("'", `'\\''`)}'`;
}

/** PostgreSQL folds only ASCII letters in a database of UTF-8. */
function folded(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
