import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { typeValues } from '../../change/declared-type.ts';
import { escapeIdentifier } from 'pg';
import { namesOf } from '../../change/names.ts';
import { existingFunctions } from '../../sync/conversion-functions.ts';
import type { Attachments } from '../attachments.ts';
import type { CarriedIndex } from '../indexes.ts';
import type { CarriedStatistics } from '../extended-statistics.ts';
import type { TableColumn } from '../table-column.ts';
import { reasonOf, type Translations } from '../translated.ts';
import { IS_OF_VIEW } from '../views/view-set.ts';

/** The remedy for an object that cannot be carried over. */
export const DROP_AND_MAKE = 'Drop it, and create its replacement when the change is done.';

/**
 * Finds indexes of a column that cannot be carried over, an obstacle each.
 * @param type the type of the column that gets them
 * @param translations the definitions for that column; an index with a plain definition needs none
 */
export async function indexObstacles(
  database: Queryable,
  indexes: Attachments['indexes'],
  type: string,
  translations: Translations['indexes'],
): Promise<Obstacle[]> {
  const obstacles: Obstacle[] = [];
  for (const index of indexes) {
    const { name, method, isPlain } = index;
    const reason = index.obstacle ?? reasonOf(translations, name);
    if (reason !== null) {
      obstacles.push(
        obstacle(
          'INDEX_NOT_CARRIED',
          `The index ${name} cannot go over by itself: ${reason}. ${remedyOf(index)}`,
          { index: name, reason },
        ),
      );
    } else if (isPlain && !(await canBeIndexed(database, method, type))) {
      obstacles.push(
        obstacle(
          'INDEX_WITHOUT_ORDER',
          `The index ${name} cannot be made for ${type}: ${method} has no order for it. ${remedyOf(index)}`,
          { index: name, method, type },
        ),
      );
    }
  }
  return obstacles;
}

/** Nobody is advised to drop an index that keeps rows unique or apart. */
function remedyOf({
  name,
  schema,
  table,
  isUnique,
  constraint,
  obstacle: reason,
  ...index
}: CarriedIndex): string {
  if (isUnique || constraint !== null || reason?.includes('exclusion')) {
    return 'It protects the rows, so do not drop it: the column cannot be changed with it.';
  }
  return (
    `Drop it for the time of the change, \`drop index concurrently ${schema}.${escapeIdentifier(name)}\`, and create its ` +
    `replacement when the change is done; it is \`create index concurrently ${escapeIdentifier(name)} on ${table} ${index.definition}\`.`
  );
}

async function canBeIndexed(database: Queryable, method: string, type: string): Promise<boolean> {
  const { rows } = await database.query<{ possible: boolean }>(
    `
    select exists (
      select from pg_catalog.pg_opclass o
      join pg_catalog.pg_am m on m.oid = o.opcmethod
      join pg_catalog.pg_type t on t.oid = $2::text::regtype
      where m.amname = $1 and o.opcdefault and (
        o.opcintype = t.oid
        or t.typtype = 'e' and o.opcintype = 'anyenum'::regtype
        or t.typtype = 'r' and o.opcintype = 'anyrange'::regtype
        or t.typcategory = 'A' and o.opcintype = 'anyarray'::regtype
        or t.typtype = 'm' and o.opcintype = 'anymultirange'::regtype
        or t.typtype = 'c' and o.opcintype = 'record'::regtype
        or t.typtype = 'd' and o.opcintype = t.typbasetype
        or exists (
          select from pg_catalog.pg_cast c
          where c.castsource in (t.oid, t.typbasetype) and c.casttarget = o.opcintype and c.castmethod = 'b'
        )
      )
    ) as possible`,
    [method, typeValues(type)[0]],
  );
  return rows[0]?.possible ?? false;
}

/**
 * Finds foreign keys at either end of a column that cannot be carried over, an obstacle each.
 * @param type the type of the column that gets them
 */
export async function foreignKeyObstacles(
  database: Queryable,
  foreignKeys: Attachments['foreignKeys'],
  type: string,
): Promise<Obstacle[]> {
  const obstacles: Obstacle[] = [];
  for (const { name, owner, obstacle: reason, partnerTypes } of foreignKeys) {
    const partnerType = await firstIncomparable(database, partnerTypes, type);
    if (reason !== null) {
      obstacles.push(
        obstacle(
          'FOREIGN_KEY_NOT_CARRIED',
          `The foreign key ${name} of ${owner} cannot go over by itself: ${reason}. ${DROP_AND_MAKE}`,
          { foreignKey: name, table: owner, reason },
        ),
      );
    } else if (partnerType !== undefined) {
      obstacles.push(
        obstacle(
          'FOREIGN_KEY_NOT_COMPARABLE',
          `The foreign key ${name} of ${owner} compares it with a ${partnerType}, which is not comparable with ` +
            `${type}: change that column too, with the foreign key dropped for the time.`,
          { foreignKey: name, table: owner, partnerType, type },
        ),
      );
    }
  }
  return obstacles;
}

async function firstIncomparable(
  database: Queryable,
  partnerTypes: readonly string[],
  type: string,
): Promise<string | undefined> {
  for (const partner of partnerTypes) {
    const { rows } = await database.query<{ comparable: boolean }>(
      `
      with types as (
        select
          case when $1::text::regtype = 'varchar'::regtype then 'text'::regtype else $1::text::regtype end as one,
          case when $2::text::regtype = 'varchar'::regtype then 'text'::regtype else $2::text::regtype end as other
      )
      select one = other or exists (
        select from pg_catalog.pg_operator o
        where o.oprname = '=' and o.oprcanmerge and o.oprleft = one and o.oprright = other
      ) as comparable
      from types`,
      [typeValues(partner)[0], typeValues(type)[0]],
    );
    if (!rows[0]?.comparable) return partner;
  }
  return undefined;
}

/**
 * SQL that describes the object to drop of the dependency `d`: the view, not its rule; the generated column, not its
 * expression.
 */
export const DEPENDENT_OBJECT = `coalesce(
      case d.classid
        when 'pg_rewrite'::regclass then (
          select pg_describe_object('pg_class'::regclass, r.ev_class, 0)
          from pg_catalog.pg_rewrite r where r.oid = d.objid and r.rulename = '_RETURN'
        )
        when 'pg_attrdef'::regclass then (
          select pg_describe_object('pg_class'::regclass, x.adrelid, x.adnum) from pg_catalog.pg_attrdef x where x.oid = d.objid
        )
      end,
      pg_describe_object(d.classid, d.objid, d.objsubid)
    )`;

/** Finds extended statistics that the type of the other column cannot have, an obstacle each. */
export async function statisticsObstacles(
  database: Queryable,
  statistics: readonly CarriedStatistics[],
  type: string,
): Promise<Obstacle[]> {
  if (statistics.length === 0 || (await canBeIndexed(database, 'btree', type))) return [];
  return statistics.map(({ name, definition }) =>
    obstacle(
      'STATISTICS_NOT_CARRIED',
      `The extended statistics ${name} cannot be made for ${type}, which has no order. Drop them for the time of the change, ` +
        `\`drop statistics ${name}\`; they are \`${definition}\`.`,
      { statistics: name, type },
    ),
  );
}

/**
 * Finds dependents of one of the two columns that neither belong to the package nor are carried over, an obstacle
 * each. Views have obstacles of their own.
 */
export async function dependentObstacles(
  database: Queryable,
  change: ChangedColumn,
  { table, column }: TableColumn,
): Promise<Obstacle[]> {
  const { functions } = namesOf(change);
  const { rows } = await database.query<{ description: string }>(
    `
    select distinct ${DEPENDENT_OBJECT} as description
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_depend d
      on d.refclassid = 'pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
    left join pg_catalog.pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
    left join pg_catalog.pg_constraint con on d.classid = 'pg_constraint'::regclass and con.oid = d.objid
    left join pg_catalog.pg_attrdef def on d.classid = 'pg_attrdef'::regclass and def.oid = d.objid
    left join pg_catalog.pg_trigger t on d.classid = 'pg_trigger'::regclass and t.oid = d.objid
    left join pg_catalog.pg_policy pol on d.classid = 'pg_policy'::regclass and pol.oid = d.objid
    where a.attrelid = to_regclass($1) and a.attname = $2
      and d.classid <> 'pg_statistic_ext'::regclass
      and (pol.oid is null or pol.polrelid <> a.attrelid)
      and coalesce(c.relkind, ' ') not in ('i', 'I', 'S')
      and coalesce(con.contype, ' ') not in ('p', 'u', 'f', 'n', 'x')
      and (coalesce(con.contype, ' ') <> 'c' or con.conrelid <> a.attrelid)
      and (def.oid is null or def.adnum <> a.attnum)
      and (t.oid is null or t.tgfoid not in ${existingFunctions('$3')})
      -- Up to PostgreSQL 14, a generated column depends as a part of the table itself.
      and (c.oid is null or c.oid <> a.attrelid or d.objsubid not in (0, a.attnum))
      and not ${IS_OF_VIEW}
    order by 1`,
    [table, column, functions],
  );
  return rows.map(({ description }) =>
    obstacle(
      'DEPENDENT_OBJECT',
      `${description} depends on ${column} and cannot go over by itself. ${DROP_AND_MAKE}`,
      { table, column, object: description },
    ),
  );
}
