import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { type ChangedColumn, conversionOf, DECLARED_AS } from '../../change/changed-column.ts';
import { isStatementsFault } from '../../postgres/database-error.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { errorOf, rolledBack } from '../../postgres/rolled-back.ts';
import { typeValues } from '../../change/declared-type.ts';
import { asTrialRole } from '../trial-role.ts';

/**
 * Finds declared types that do not exist or that the role may not use, an obstacle each. All further checks need both types.
 */
export async function unknownTypes(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const obstacles: Obstacle[] = [];
  for (const column of ['oldColumn', 'newColumn'] as const) {
    const { type } = change[column];
    const property = `${DECLARED_AS[column]}.type`;
    const [base] = typeValues(type);
    const closed = await closedSchema(database, base);
    const error = closed === null ? await typeErrorOf(database, base) : null;
    if (error !== null) {
      obstacles.push(
        obstacle(
          'TYPE_NOT_FOUND',
          `\`${property}\` is ${type}, which is no type of this database: ${error}.`,
          { property, type, error },
        ),
      );
      continue;
    }
    const grant = closed ?? (await closedType(database, base));
    if (grant !== null) {
      obstacles.push(
        obstacle('TYPE_NOT_GRANTED', `The role may not use ${type}, \`${property}\`: \`${grant}\`.`, {
          property,
          type,
          statement: grant,
        }),
      );
    }
  }
  return obstacles;
}

/**
 * The statement that grants the role USAGE on a type's schema; null if the role has it, or if the type has no schema.
 */
async function closedSchema(database: Queryable, type: string): Promise<string | null> {
  const { rows } = await database.query<{ statement: string }>(
    `
    select format('grant usage on schema %I to %I', n.nspname, current_user) as statement
    from pg_catalog.pg_namespace n
    where array_length(parse_ident($1, false), 1) = 2 and n.nspname = (parse_ident($1, false))[1]
      and not has_schema_privilege(current_user, n.oid, 'usage')`,
    [type],
  );
  return rows[0]?.statement ?? null;
}

/** The statement that grants the role USAGE on a type; null if the role has it. */
async function closedType(database: Queryable, type: string): Promise<string | null> {
  const { rows } = await database.query<{ statement: string }>(
    `
    select format('grant usage on type %s to %I', type, current_user) as statement
    from (select $1::text::regtype as type) as declared
    where not has_type_privilege(current_user, type, 'usage')`,
    [type],
  );
  return rows[0]?.statement ?? null;
}

/**
 * Finds unusable expressions of the declaration, an obstacle each: the two of the conversion, and the new column's
 * default. PostgreSQL plans them but does not run them.
 */
export async function expressionObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { oldColumn, newColumn } = change;
  const { forward, forwardInBulk = forward, backward } = conversionOf(change);
  const probes: [what: string, expression: string, input: string][] = [
    [`conversion.forward`, forward('value'), oldColumn.type],
    [`conversion.forwardInBulk`, forwardInBulk('value'), oldColumn.type],
    ...(backward === 'not reversible'
      ? []
      : [[`conversion.backward`, backward('value'), newColumn.type] satisfies [string, string, string]]),
    ...(newColumn.default === undefined
      ? []
      : [
          [`to.default`, `(${newColumn.default})::${newColumn.type}`, newColumn.type] satisfies [
            string,
            string,
            string,
          ],
        ]),
  ];
  const errors = new Map<string, string>();
  await rolledBack(database, () =>
    asTrialRole(database, change, async () => {
      for (const [what, expression, input] of probes) {
        const statement = `explain select ${expression} from (select null::${input} as value) as input`;
        const error = await errorOf(database, statement, isStatementsFault);
        if (error !== null && !errors.has(error.message)) errors.set(error.message, what);
      }
    }),
  );
  return Array.from(errors, ([error, what]) =>
    obstacle('EXPRESSION_INVALID', `\`${what}\` cannot be used: ${error}.`, { property: what, error }),
  );
}

/** PostgreSQL's error for a type; null if it exists. */
async function typeErrorOf(database: Queryable, type: string): Promise<string | null> {
  try {
    await database.query(`select $1::text::regtype`, [type]);
    return null;
  } catch (error) {
    if (!isStatementsFault(error)) throw error;
    return error.message;
  }
}
