import type { SchemaDifference, TableDifference } from '@mikro-orm/postgresql';

/**
 * Finds the row security that a new migration removes. MikroORM drops each policy that no entity has, also those that somebody has written
 * by hand: afterwards a role may see rows that were hidden from it.
 *
 * @returns sentences for the author, without a full stop
 */
export function lostPolicies({ changedTables }: SchemaDifference): string[] {
  return Object.values(changedTables).flatMap((table) => {
    const lost = partsOf(table);
    if (lost.length === 0) return [];
    return (
      `the new migration removes ${lost.join(', ')} of ${table.name}, which the entity does not have: add it to the entity, or set ` +
      '`schemaGenerator: { ignorePolicies: true }`, and write the migration again; otherwise rows are visible that were hidden'
    );
  });
}

function partsOf({
  removedPolicies,
  addedPolicies,
  changedRlsEnabled,
  changedRlsForced,
}: TableDifference): string[] {
  return [
    ...Object.keys(removedPolicies)
      .filter((name) => addedPolicies[name] === undefined)
      .map((name) => `the policy ${name}`),
    ...(changedRlsEnabled === false || changedRlsForced === false ? ['row level security'] : []),
  ];
}
