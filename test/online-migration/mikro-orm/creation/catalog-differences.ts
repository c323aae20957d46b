import type { Catalog } from '../../ordinary/edits/catalog.ts';

/** Objects that the migrator has for itself. */
const OWN = /mikro_orm_migrations/;
/** Since PostgreSQL 18, NOT NULL has a name, which a renamed column does not give it. The column tells as well. */
const NOT_NULL = /^NOT NULL /;

/**
 * Compares two catalogs. A column that comes back is the last one of its table, so the order of columns does not count.
 *
 * @param renamed tables, by their old names: their primary keys and sequences keep names that begin with these
 * @returns each difference in a line: `columns public.orders.s.notNull: true, then false`
 */
export function catalogDifferences(
  before: Catalog,
  after: Catalog,
  renamed: ReadonlyMap<string, string> = new Map(),
): string[] {
  const [one, other] = [linesOf(before), linesOf(withNewNames(after, renamed))];
  const names = [...new Set([...one.keys(), ...other.keys()])];
  return sorted(
    names
      .filter((name) => one.get(name) !== other.get(name))
      .map((name) => `${name}: ${one.get(name) ?? 'nothing'}, then ${other.get(name) ?? 'nothing'}`),
  );
}

function linesOf(catalog: Catalog): Map<string, string> {
  const lines = new Map<string, string>();
  const add = (name: string, value: unknown) => {
    if (OWN.test(name) || value === null || value === undefined) return;
    if (Array.isArray(value)) {
      const texts = value.map((each) => JSON.stringify(each));
      if (texts.length > 0) lines.set(name, `[${(isOrdered(name) ? texts : sorted(texts)).join(',')}]`);
    } else if (typeof value === 'object') {
      for (const [key, each] of Object.entries(value)) add(`${name}${name === '' ? '' : ' '}${key}`, each);
    } else {
      const text = typeof value === 'string' ? plain(value) : JSON.stringify(value);
      if (!NOT_NULL.test(text)) lines.set(name, text);
    }
  };
  add('', { ...catalog, package: undefined });
  return lines;
}

/** A check as its author writes it: PostgreSQL adds casts and brackets, and may add others when it reads its own. */
function plain(definition: string): string {
  if (!definition.startsWith('CHECK ')) return definition;
  return definition.replaceAll(/::[a-z ]+(?:\[\])?|[()]/g, '');
}

function sorted(texts: readonly string[]): string[] {
  return texts.toSorted((one, other) => (one < other ? -1 : 1));
}

/** The labels of an enum have an order that matters. */
function isOrdered(name: string): boolean {
  return name.startsWith('enums ');
}

function withNewNames(catalog: Catalog, renamed: ReadonlyMap<string, string>): Catalog {
  const text = [...renamed].reduce(
    (written, [from, to]) => written.replaceAll(new RegExp(`\\b${from}(?=_pkey|_\\w+_seq)`, 'g'), to),
    JSON.stringify(catalog),
  );
  return JSON.parse(text) as Catalog;
}
