import type { Attachments } from './attachments.ts';
import type { IndexDefinition } from './indexes.ts';
import type { PolicyConditions } from './policies.ts';

/** A definition for the other columns, or the reason why it has none. */
export type Translated<Definition> = { readonly definition: Definition } | { readonly reason: string };

/** The definitions for the other columns, by the name of the index, check, policy, published table or generated column. */
export interface Translations {
  readonly indexes: ReadonlyMap<string, Translated<IndexDefinition>>;
  readonly checks: ReadonlyMap<string, Translated<string>>;
  readonly policies: ReadonlyMap<string, Translated<PolicyConditions>>;
  readonly filters: ReadonlyMap<string, Translated<string>>;
  readonly generated: ReadonlyMap<string, Translated<string>>;
}

/** Attachments with a definition that names a changed column. */
export type Defined = Pick<Attachments, 'indexes' | 'checks' | 'policies' | 'filters' | 'generated'>;

/** None of them. */
export const NOTHING_DEFINED: Defined = { indexes: [], checks: [], policies: [], filters: [], generated: [] };

/** The definition of an attachment for the other columns; undefined if it has none. */
export function definitionOf<Definition>(
  translations: ReadonlyMap<string, Translated<Definition>>,
  name: string,
): Definition | undefined {
  const translated = translations.get(name);
  return translated !== undefined && 'definition' in translated ? translated.definition : undefined;
}

/** The reason why an attachment has no definition for the other columns; null if it has one. */
export function reasonOf(
  translations: ReadonlyMap<string, Translated<unknown>>,
  name: string,
): string | null {
  const translated = translations.get(name);
  return translated !== undefined && 'reason' in translated ? translated.reason : null;
}
