import type { Queryable } from '../column-change.ts';
import type { TableColumn } from './table-column.ts';

/** What a column has for itself that does not go over and is nobody's to lose silently, a sentence each. */
export async function propertyObstacles(
  database: Queryable,
  { table, column }: TableColumn,
): Promise<string[]> {
  const { rows } = await database.query<{ has_grants: boolean; label_provider: string | null }>(
    `
    select a.attacl is not null as has_grants, l.provider as label_provider
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_seclabel l
      on l.classoid = 'pg_class'::regclass and l.objoid = a.attrelid and l.objsubid = a.attnum
    where a.attrelid = to_regclass($1) and a.attname = $2`,
    [table, column],
  );
  const reasons = rows.flatMap(({ label_provider: provider }) =>
    provider === null
      ? []
      : [
          `${column} has a security label of ${provider}, which it would lose: take it off for the time of the change.`,
        ],
  );
  if (rows[0]?.has_grants) {
    reasons.push(
      `${column} has privileges of its own: grant them on the table instead, and revoke them from the column.`,
    );
  }
  return reasons;
}
