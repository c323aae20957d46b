import { escapeIdentifier } from 'pg';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { readNotNull } from '../not-null-name.ts';
import type { TableColumn } from '../table-column.ts';

/** Finds properties of a column that are not carried over and must not be lost silently, an obstacle each. */
export async function propertyObstacles(database: Queryable, column: TableColumn): Promise<Obstacle[]> {
  return [...(await labelObstacles(database, column)), ...(await notNullObstacles(database, column))];
}

async function labelObstacles(database: Queryable, { table, column }: TableColumn): Promise<Obstacle[]> {
  const { rows } = await database.query<{ provider: string; label: string }>(
    `
    select quote_ident(l.provider) as provider, quote_literal(l.label) as label
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_seclabel l
      on l.classoid = 'pg_class'::regclass and l.objoid = a.attrelid and l.objsubid = a.attnum
    where a.attrelid = to_regclass($1) and a.attname = $2`,
    [table, column],
  );
  return rows.map(({ provider, label }) => {
    const statement = `security label for ${provider} on column ${table}.${escapeIdentifier(column)} is`;
    return obstacle(
      'SECURITY_LABEL',
      `${column} has a security label of ${provider}, which it would lose: take it off for the time of the change, ` +
        `\`${statement} null\`, and put it back, \`${statement} ${label}\`.`,
      { table, column, provider },
    );
  });
}

/** Properties that a NOT NULL can have from PostgreSQL 18 on, and that are not carried over. */
async function notNullObstacles(database: Queryable, { table, column }: TableColumn): Promise<Obstacle[]> {
  const notNull = await readNotNull(database, { table, column });
  if (notNull === null) return [];
  const name = escapeIdentifier(notNull.name);
  const obstacles: Obstacle[] = [];
  if (!notNull.isValidated) {
    obstacles.push(
      obstacle(
        'NOT_NULL_NOT_VALIDATED',
        `The NOT NULL of ${column} is not validated, and rows may be without a value: ` +
          `\`alter table ${table} validate constraint ${name}\`.`,
        { table, column, constraint: notNull.name },
      ),
    );
  }
  if (!notNull.isInherited) {
    obstacles.push(
      obstacle(
        'NOT_NULL_NO_INHERIT',
        `The NOT NULL of ${column} is NO INHERIT, which does not go over: ` +
          `\`alter table ${table} alter constraint ${name} inherit\`.`,
        { table, column, constraint: notNull.name },
      ),
    );
  }
  return obstacles;
}
