import type { SchemaDifference, TableDifference } from '@mikro-orm/postgresql';

/** The differences of a table besides types, which a column change does not make. */
const OBJECTS = [
  'addedIndexes',
  'changedIndexes',
  'removedIndexes',
  'addedChecks',
  'changedChecks',
  'removedChecks',
  'addedForeignKeys',
  'removedForeignKeys',
] as const satisfies readonly (keyof TableDifference)[];
const PROPERTIES = ['nullable', 'default', 'comment', 'collation'] as const;

/**
 * Finds the differences that a new migration leaves to the next one: a column with a column change is left out of it, with all indexes,
 * checks and foreign keys of the column.
 *
 * @param all differences before columns were left out
 * @param written the differences that the migration has
 * @returns sentences for the author, without a full stop
 */
export function leftDifferences(all: SchemaDifference, written: SchemaDifference): string[] {
  return Object.entries(all.changedTables).flatMap(([table, difference]) => {
    const now = written.changedTables[table];
    const left = [...namesIn(difference)].filter((name) => now === undefined || !namesIn(now).has(name));
    if (left.length === 0) return [];
    return `${left.join(', ')} of ${difference.name}: the next migration:create writes ${left.length === 1 ? 'it' : 'them'}, after the last migration of the column change has run`;
  });
}

function namesIn(difference: TableDifference): Set<string> {
  return new Set([
    ...OBJECTS.flatMap((kind) => Object.keys(difference[kind])),
    ...Object.values(difference.changedColumns).flatMap(({ column, changedProperties }) =>
      PROPERTIES.filter((property) => changedProperties.has(property)).map(
        (property) => `the ${property === 'nullable' ? 'NOT NULL' : property} of ${column.name}`,
      ),
    ),
  ]);
}
