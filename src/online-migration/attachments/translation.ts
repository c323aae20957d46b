import type { Queryable } from '../postgres/queryable.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { readDefinitions, type RecordedDefinition } from '../state/definitions.ts';
import type { Side } from '../sync/filled-column.ts';
import { withoutNotValid } from './checks.ts';
import { type IndexDefinition, plainDefinition } from './indexes.ts';
import { conditionClauses, type PolicyConditions } from './policies.ts';
import { otherNames } from './table-column.ts';
import { type Defined, definitionOf, type Translated, type Translations } from './translated.ts';
import { tryDefinitions } from './tried-definitions.ts';

/** The names of those that have to be tried on a trial table. */
export function triedNames({ indexes, checks, policies, filters, generated }: Defined): string[] {
  return [...checks, ...policies, ...filters, ...generated, ...indexes.filter(({ isPlain }) => !isPlain)].map(
    ({ name }) => name,
  );
}

/**
 * Translates the definitions of indexes, checks, policies, row filters and generated columns to the columns of the other side.
 *
 * - On the way back, a definition that was translated on the way up gets its original text, byte for byte.
 * - A plain index gets the other columns' names.
 * - Everything else is tried on a trial table, and PostgreSQL writes the definition.
 *
 * @param from the side that has them
 */
export async function translate(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  defined: Defined,
): Promise<Translations> {
  const known = knownDefinitions(
    change,
    from,
    defined,
    from === 'new' ? await readDefinitions(database, change) : [],
  );
  const left = {
    indexes: defined.indexes.filter(({ name }) => !known.indexes.has(name)),
    checks: defined.checks.filter(({ name }) => !known.checks.has(name)),
    policies: defined.policies.filter(({ name }) => !known.policies.has(name)),
    filters: defined.filters.filter(({ name }) => !known.filters.has(name)),
    generated: defined.generated.filter(({ name }) => !known.generated.has(name)),
  };
  if (Object.values(left).every(({ length }) => length === 0)) return known;
  const tried = await tryDefinitions(database, change, from, left);
  return {
    indexes: new Map([...known.indexes, ...tried.indexes]),
    checks: new Map([...known.checks, ...tried.checks]),
    policies: new Map([...known.policies, ...tried.policies]),
    filters: new Map([...known.filters, ...tried.filters]),
    generated: new Map([...known.generated, ...tried.generated]),
  };
}

/** Definitions that need no trial. */
function knownDefinitions(
  change: ColumnChange,
  from: Side,
  { indexes, checks, policies, filters, generated }: Defined,
  earlier: readonly RecordedDefinition[],
): Translations {
  const original = (kind: RecordedDefinition['kind'], name: string, definition: string) =>
    earlier.find((one) => one.kind === kind && one.name === name && one.newDefinition === definition);
  const known = {
    indexes: new Map<string, Translated<IndexDefinition>>(),
    checks: new Map<string, Translated<string>>(),
    policies: new Map<string, Translated<PolicyConditions>>(),
    filters: new Map<string, Translated<string>>(),
    generated: new Map<string, Translated<string>>(),
  };
  for (const index of indexes) {
    const found = original('index', index.name, index.definition);
    if (found !== undefined) {
      const definition = { definition: found.oldDefinition, condition: found.oldCondition };
      known.indexes.set(index.name, { definition });
    } else if (index.isPlain) {
      known.indexes.set(index.name, { definition: plainDefinition(index, otherNames(change, from)) });
    }
  }
  for (const { name, definition } of checks) {
    const found = original('check', name, withoutNotValid(definition));
    if (found !== undefined) known.checks.set(name, { definition: found.oldDefinition });
  }
  for (const policy of policies) {
    const found = original('policy', policy.name, conditionClauses(policy));
    if (found === undefined) continue;
    const definition = { using: found.oldDefinition || null, withCheck: found.oldCondition };
    known.policies.set(policy.name, { definition });
  }
  for (const { name, filter } of filters) {
    const found = original('filter', name, filter);
    if (found !== undefined) known.filters.set(name, { definition: found.oldDefinition });
  }
  for (const { name, expression } of generated) {
    const found = original('generated', name, expression);
    if (found !== undefined) known.generated.set(name, { definition: found.oldDefinition });
  }
  return known;
}

/** The translated definitions that a way back needs. A plain index has no text of its own. */
export function definitionsToRecord(
  { indexes, checks, policies, filters }: Defined,
  translations: Translations,
): RecordedDefinition[] {
  return [
    ...indexes
      .filter(({ isPlain }) => !isPlain)
      .flatMap(({ name, definition, condition }) =>
        recorded(
          'index',
          name,
          [definition, condition],
          definitionOf(translations.indexes, name)?.definition,
        ),
      ),
    ...checks.flatMap(({ name, definition }) => {
      const translated = definitionOf(translations.checks, name);
      return recorded(
        'check',
        name,
        [withoutNotValid(definition), null],
        translated && withoutNotValid(translated),
      );
    }),
    ...policies.flatMap(({ name, using, withCheck }) => {
      const translated = definitionOf(translations.policies, name);
      return recorded('policy', name, [using ?? '', withCheck], translated && conditionClauses(translated));
    }),
    ...filters.flatMap(({ name, filter }) =>
      recorded('filter', name, [filter, null], definitionOf(translations.filters, name)),
    ),
  ];
}

function recorded(
  kind: RecordedDefinition['kind'],
  name: string,
  [oldDefinition, oldCondition]: readonly [string, string | null],
  newDefinition: string | undefined,
): RecordedDefinition[] {
  return newDefinition === undefined ? [] : [{ kind, name, oldDefinition, oldCondition, newDefinition }];
}
