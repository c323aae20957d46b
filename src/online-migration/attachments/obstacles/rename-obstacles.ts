import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ObstacleCode } from '../../change/obstacle-codes.ts';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { isOfType, typeValues } from '../../change/declared-type.ts';
import { namesOf } from '../../change/names.ts';
import { TREE_OIDS } from '../../postgres/partition-tree.ts';
import { stateObstacles } from '../../state/owner.ts';
import { readRenameShape } from '../../state/rename-shape.ts';
import { otherSide, type Side } from '../../sync/filled-column.ts';
import { columnAt } from '../table-column.ts';
import { bodyObstacles } from './body-obstacles.ts';
import { unknownTypes } from './expression-obstacles.ts';
import { longNameObstacles } from './name-obstacles.ts';
import { otherChangeObstacles } from './other-change-obstacles.ts';
import { subscriberObstacles, subscriptionObstacles } from './publication-obstacles.ts';
import { rightObstacles } from './right-obstacles.ts';

/** A rename creates no objects, and locks no further tables. */
const NO_ATTACHMENTS = {
  indexes: [],
  checks: [],
  policies: [],
  subqueryPolicies: [],
  filters: [],
  generated: [],
  foreignKeys: [],
};

interface Facts {
  readonly kind: string;
  readonly is_partition: boolean;
  readonly is_inherited: boolean;
  readonly is_typed: boolean;
  readonly type: string;
  readonly is_declared_type: boolean;
  /** The table that has a column of the other name: this one, or one that inherits from it. */
  readonly other_name_is_of: string | null;
  /** Tables that inherit the column from this table and from others. */
  readonly shared_heirs: readonly string[];
}

/**
 * Finds the reasons why a column cannot get its other name, or why that would break an object that knows it by its name,
 * an obstacle each. Objects that know it by its number are no obstacles: indexes, constraints, views, policies, rules,
 * generated columns.
 *
 * @param side the name that the column has now
 */
export async function findRenameObstacles(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<Obstacle[]> {
  const tooLong = longNameObstacles(change);
  if (tooLong.length > 0) return tooLong;
  // The two columns have the same type.
  const [unknown] = await unknownTypes(database, change);
  if (unknown !== undefined) return [unknown];
  const facts = await readFacts(database, change, side);
  // The stage says whether the column exists.
  if (facts === undefined) return [];
  return [
    ...tableObstacles(change, side, facts),
    ...(side === 'old' ? await recordedObstacles(database, change) : []),
    ...(await foreignTableObstacles(database, change, side)),
    ...(await otherChangeObstacles(database, change, side)),
    ...(await stateObstacles(database, change)),
    ...(await rightObstacles(database, change, NO_ATTACHMENTS, [])),
    ...(await bodyObstacles(database, change, columnAt(change, side).column)),
    ...(await subscriberObstacles(database, change)),
    ...(await subscriptionObstacles(database, change)),
  ];
}

/** Another change may have given the old name to another column since. */
async function recordedObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { isRecorded, hasNewName } = await readRenameShape(database, change);
  if (!isRecorded || hasNewName) return [];
  const { oldColumn, newColumn } = change;
  return [
    obstacle(
      'RENAME_RECORDED',
      `The rename of ${oldColumn.name} to ${newColumn.name} is recorded as carried out, and the table has no column ` +
        `${newColumn.name}: its present column ${oldColumn.name} may be another one. If a later change has renamed ${newColumn.name}, ` +
        `revert that one first, or give this rename another \`name\`.`,
      { oldName: oldColumn.name, newName: newColumn.name },
    ),
  ];
}

function tableObstacles(change: ChangedColumn, side: Side, facts: Facts): Obstacle[] {
  const { table } = namesOf(change);
  const name = `${change.table.schema}.${change.table.name}`;
  const { column } = columnAt(change, side);
  const other = columnAt(change, otherSide(side)).column;
  const declared = change.oldColumn.type;
  const checks: [boolean, ObstacleCode, string][] = [
    [!['r', 'p'].includes(facts.kind), 'NO_TABLE', `${name} is not a table.`],
    [
      facts.is_partition,
      'TABLE_IS_PARTITION',
      `${name} is a partition: change the table that it is a partition of.`,
    ],
    [
      facts.is_inherited,
      'COLUMN_INHERITED',
      `${name} inherits ${column} from another table: change that table instead.`,
    ],
    [
      facts.is_typed,
      'TYPED_TABLE',
      `${table} is a typed table and has the columns of its type alone: \`alter table ${table} not of\`.`,
    ],
    [
      !facts.is_declared_type,
      'COLUMN_TYPE_NOT_AS_DECLARED',
      `${column} is ${facts.type}, and the declaration says ${declared}: correct \`from.type\` and \`to.type\`.`,
    ],
    [
      facts.shared_heirs.length > 0,
      'COLUMN_INHERITED',
      `${facts.shared_heirs.join(', ')} inherits ${column} from ${name} and from another table, so PostgreSQL renames it in neither: ` +
        `end one of the inheritances.`,
    ],
    [
      facts.other_name_is_of !== null,
      'NEW_COLUMN_EXISTS',
      side === 'old'
        ? `${facts.other_name_is_of} has a column ${other} already: declare another \`to.name\`, or drop that column.`
        : `${facts.other_name_is_of} has a column ${other} again, so ${column} cannot get that name back: drop or rename ${other}.`,
    ],
  ];
  return checks
    .filter(([holds]) => holds)
    .map(([, code, message]) => obstacle(code, message, { table, column, other }));
}

async function readFacts(database: Queryable, change: ChangedColumn, side: Side): Promise<Facts | undefined> {
  const { table, column } = columnAt(change, side);
  const { rows } = await database.query<Facts>(
    `
    select c.relkind as kind, c.relispartition as is_partition, a.attinhcount > 0 and not c.relispartition as is_inherited,
      c.reloftype <> 0 as is_typed,
      format_type(a.atttypid, a.atttypmod) as type,
      ${isOfType('a', '$4', '$5')} as is_declared_type,
      (
        select format('%s.%s', s.nspname, t.relname)
        from pg_catalog.pg_attribute n
        join pg_catalog.pg_class t on t.oid = n.attrelid
        join pg_catalog.pg_namespace s on s.oid = t.relnamespace
        where n.attrelid in (${TREE_OIDS}) and n.attname = $3 and not n.attisdropped
        order by n.attrelid <> c.oid, 1
        limit 1
      ) as other_name_is_of,
      array(
        select h.attrelid::regclass::text
        from pg_catalog.pg_attribute h
        where h.attrelid in (${TREE_OIDS}) and h.attrelid <> c.oid and h.attname = $2
          and h.attinhcount > (
            select count(*) from pg_catalog.pg_inherits i where i.inhrelid = h.attrelid and i.inhparent in (${TREE_OIDS})
          )
        order by 1
      ) as shared_heirs
    from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = $2 and not a.attisdropped
    where c.oid = to_regclass($1)`,
    [table, column, columnAt(change, otherSide(side)).column, ...typeValues(change.oldColumn.type)],
  );
  return rows[0];
}

/** A wrapper such as postgres_fdw asks for the column by its name, unless an option of the column says another one. */
async function foreignTableObstacles(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<Obstacle[]> {
  const { table, column } = columnAt(change, side);
  const { rows } = await database.query<Record<'name' | 'quoted_column' | 'option' | 'reviewed', string>>(
    `
    select c.oid::regclass::text as name, quote_ident(a.attname) as quoted_column, quote_literal(a.attname) as option,
      format('foreign table %s.%s', n.nspname, c.relname) as reviewed
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = $2
    where c.oid in (${TREE_OIDS}) and c.relkind = 'f'
      and not exists (select from unnest(a.attfdwoptions) as given where given like 'column\\_name=%')
      and format('foreign table %s.%s', n.nspname, c.relname) <> all ($3)
    order by 1`,
    [table, column, change.reviewed ?? []],
  );
  return rows.map(({ name, quoted_column: quoted, option, reviewed }) =>
    obstacle(
      'FOREIGN_TABLE_NAMES_COLUMN',
      `The foreign table ${name} asks for ${column} by its name: from rename on, statements that reach it fail. Run ` +
        `\`alter foreign table ${name} alter column ${quoted} options (add column_name ${option})\`; or, if its wrapper does not ` +
        `use the name, add '${reviewed}' to \`reviewed\`.`,
      { table: name, column, reviewed },
    ),
  );
}
