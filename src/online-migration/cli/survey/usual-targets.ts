import { type Family, type FamilyType, familyTypeOf, lengthOf } from '../../new-change/pairs/type-family.ts';

/** A type that people often change a column to. */
export interface UsualTarget {
  /** The kind of the old type, for the summary: `varchar(n)`. */
  readonly from: string;
  /** The kind of the new type. */
  readonly kind: string;
  /** The new type, as the catalog writes it. */
  readonly to: string;
}

/** A column's type, with facts of the catalog. */
export interface TypedColumn {
  readonly name: string;
  /** As the catalog writes it. */
  readonly type: string;
  /** The labels of an enum; empty for another type. */
  readonly labels: readonly string[];
  /** The type that a domain is based on; null for another type. */
  readonly base: string | null;
}

interface Rule {
  readonly from: readonly Family[];
  /** The name of the column, if the rule is for some names only. */
  readonly name?: RegExp;
  /** The least length of a text. */
  readonly least?: number;
  readonly kind: string;
  /** By default the same as `kind`. */
  readonly to?: (type: FamilyType) => string;
}

const TEXTS: readonly Family[] = ['text', 'varchar', 'char'];
/** `created_at`, `updatedAt`, `birth_date`, `timestamp`. */
const TIME = /(?:^|_)(?:at|date|time|datetime|timestamp)$|[a-z](?:At|Date|Time)$/;
const UUID = /(?:^|_)(?:uuid|guid)$|[a-z](?:Uuid|Guid)$/;
const JSON_TEXT = /(?:^|_)json$|[a-z]Json$/;
const TIME_LENGTH = 'YYYY-MM-DD HH:MM:SS'.length;
const UUID_LENGTH = 36;
/** Further digits before the point, for amounts that outgrow their type. */
const FURTHER_DIGITS = 10;
const MOST_DIGITS = 1000;

/** The first rule that fits decides. */
const RULES: readonly Rule[] = [
  // A text has no order in time, and anything can be in it.
  { from: TEXTS, name: TIME, least: TIME_LENGTH, kind: 'timestamp with time zone' },
  // 16 bytes in place of 37, and only one spelling.
  { from: TEXTS, name: UUID, least: UUID_LENGTH, kind: 'uuid' },
  { from: TEXTS, name: JSON_TEXT, kind: 'jsonb' },
  // A limit on the length is a rule of the application. A `char` pads, and its spaces get lost.
  { from: ['varchar', 'char'], kind: 'text' },
  // A collation compares without case as well.
  { from: ['citext'], kind: 'text' },
  // A label can never be removed.
  { from: ['enum'], kind: 'text' },
  // Numbers since 1970 need their unit to be known, and have no time functions.
  { from: ['integer', 'bigint'], name: TIME, kind: 'timestamp with time zone' },
  // The numbers of a key run out.
  { from: ['smallint', 'integer'], kind: 'bigint' },
  // A time without a zone means another moment in each session's zone.
  {
    from: ['timestamp'],
    kind: 'timestamp with time zone',
    to: ({ modifiers: [precision] }) =>
      `timestamp${precision === undefined ? '' : `(${precision})`} with time zone`,
  },
  // jsonb has operators and indexes.
  { from: ['json'], kind: 'jsonb' },
  // A float rounds amounts, and money depends on a setting of the session.
  { from: ['real', 'double', 'money'], kind: 'numeric' },
  {
    from: ['numeric'],
    kind: 'numeric with more digits',
    to: ({ modifiers: [precision = 0, scale = 0] }) =>
      `numeric(${Math.min(precision + FURTHER_DIGITS, MOST_DIGITS)},${scale})`,
  },
];

/**
 * The type that a column is most often changed to.
 * @returns null if there is none: the type is the usual one already, or it is rarely changed
 */
export function usualTarget({ name, type, labels, base }: TypedColumn): UsualTarget | null {
  // A domain hides the type, and its constraints are checked in every write.
  if (base !== null) return { from: 'domain', kind: 'its base type', to: base };
  // The network of a cidr cannot have the address of a host.
  if (type === 'cidr') return { from: 'cidr', kind: 'inet', to: 'inet' };
  if (type.endsWith('[]'))
    return ofElements(usualTarget({ name: '', type: type.slice(0, -2), labels, base }));
  const found = familyTypeOf(type, labels);
  if (found === null) return null;
  const rule = RULES.find(
    ({ from, name: pattern, least = 0 }) =>
      from.includes(found.family) && (pattern?.test(name) ?? true) && lengthOf(found) >= least,
  );
  if (rule === undefined) return null;
  // A numeric without a precision takes any number.
  if (found.family === 'numeric' && found.modifiers.length === 0) return null;
  return { from: kindOf(found), kind: rule.kind, to: rule.to?.(found) ?? rule.kind };
}

function ofElements(element: UsualTarget | null): UsualTarget | null {
  if (element === null) return null;
  const { from, kind, to } = element;
  return { from: `${from}[]`, kind: `${kind}[]`, to: `${to}[]` };
}

/** Types of one kind differ in numbers or in names. */
function kindOf({ family, text, modifiers }: FamilyType): string {
  if (family === 'enum' || family === 'citext') return family;
  if (modifiers.length === 0) return text;
  const letters = family === 'numeric' ? 'p,s' : family.startsWith('timestamp') ? 'p' : 'n';
  return text.replace(/\([\d,]+\)/, `(${letters})`);
}
