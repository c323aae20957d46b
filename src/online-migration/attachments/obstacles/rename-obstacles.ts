import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ObstacleCode } from '../../change/obstacle-codes.ts';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { isOfType, typeValues } from '../../change/declared-type.ts';
import { namesOf } from '../../change/names.ts';
import { TREE_OIDS } from '../../postgres/partition-tree.ts';
import { stateObstacles } from '../../state/owner.ts';
import type { Side } from '../../sync/filled-column.ts';
import { columnAt } from '../table-column.ts';
import { bodyObstacles } from './body-obstacles.ts';
import { unknownTypes } from './expression-obstacles.ts';
import { longNameObstacles } from './name-obstacles.ts';
import { otherChangeObstacles } from './other-change-obstacles.ts';
import { subscriberObstacles, subscriptionObstacles } from './publication-obstacles.ts';
import { rightObstacles } from './right-obstacles.ts';

/** A rename creates no objects, and locks no further tables. */
const NO_ATTACHMENTS = { indexes: [], foreignKeys: [], numbering: null };

interface Facts {
  readonly kind: string;
  readonly is_partition: boolean;
  readonly is_inherited: boolean;
  readonly is_typed: boolean;
  readonly type: string;
  readonly is_declared_type: boolean;
  readonly other_name_is_taken: boolean;
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
    ...(await otherChangeObstacles(database, change, side)),
    ...(await stateObstacles(database, change)),
    ...(await rightObstacles(database, change, NO_ATTACHMENTS)),
    ...(await bodyObstacles(database, change, columnAt(change, side).column)),
    ...(await subscriberObstacles(database, change)),
    ...(await subscriptionObstacles(database, change)),
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
      facts.other_name_is_taken,
      'NEW_COLUMN_EXISTS',
      side === 'old'
        ? `${name} has a column ${other} already: declare another \`to.name\`, or drop that column.`
        : `${name} has a column ${other} again, so ${column} cannot get that name back: drop or rename ${other}.`,
    ],
  ];
  return checks
    .filter(([holds]) => holds)
    .map(([, code, message]) => obstacle(code, message, { table, column, other }));
}

function otherSide(side: Side): Side {
  return side === 'old' ? 'new' : 'old';
}

async function readFacts(database: Queryable, change: ChangedColumn, side: Side): Promise<Facts | undefined> {
  const { table, column } = columnAt(change, side);
  const { rows } = await database.query<Facts>(
    `
    select c.relkind as kind, c.relispartition as is_partition, a.attinhcount > 0 and not c.relispartition as is_inherited,
      c.reloftype <> 0 as is_typed,
      format_type(a.atttypid, a.atttypmod) as type,
      ${isOfType('a', '$4', '$5')} as is_declared_type,
      exists (
        select from pg_catalog.pg_attribute n
        where n.attrelid in (select c.oid union all ${TREE_OIDS}) and n.attname = $3 and not n.attisdropped
      ) as other_name_is_taken
    from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = $2 and not a.attisdropped
    where c.oid = to_regclass($1)`,
    [table, column, columnAt(change, otherSide(side)).column, ...typeValues(change.oldColumn.type)],
  );
  return rows[0];
}
