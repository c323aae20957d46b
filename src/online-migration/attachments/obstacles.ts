import { type ColumnChange, keyColumnsOf, type Queryable } from '../column-change.ts';
import { isOfType, typeValues } from '../declared-type.ts';
import { unquoted } from '../filled-column.ts';
import { namesOf } from '../names.ts';
import { readForeignKeys } from './foreign-keys.ts';
import { readIndexes } from './indexes.ts';
import { readNumbering } from './numbering.ts';
import { columnAt } from './table-column.ts';

/** What the catalog says of the table and of its old column. */
interface ColumnFacts {
  kind: string;
  is_partition: boolean;
  has_heirs: boolean;
  is_in_partition_key: boolean;
  type: string;
  is_declared_type: boolean;
  not_null: boolean;
  default_expression: string | null;
  is_generated: boolean;
  has_own_collation: boolean;
  has_grants: boolean;
  missing_key_columns: string[];
  key_is_unique: boolean;
  new_name_is_taken: boolean;
}

/**
 * Finds out why a column cannot be changed as it is declared, before anything is changed.
 *
 * 1. The table, the columns and the declaration fit each other.
 * 2. What hangs on the column and can go over does so: indexes, primary key, unique constraints, foreign keys, sequence.
 * 3. Whatever else depends on it is named, as the catalog describes it: views, checks, generated columns, triggers, policies.
 *
 * @returns a sentence for each reason; none where the change can begin
 */
export async function findObstacles(database: Queryable, change: ColumnChange): Promise<string[]> {
  const facts = await readFacts(database, change);
  if (facts === undefined) return [];
  const fromTable = tableObstacles(change, facts);
  // What follows would only repeat that the declaration is of another column or type.
  if (fromTable.length > 0) return fromTable;
  return [
    ...(await typeObstacles(database, change)),
    ...(await numberingAndDefaultObstacles(database, change, facts)),
    ...(await indexObstacles(database, change)),
    ...(await foreignKeyObstacles(database, change)),
    ...(await otherDependents(database, change)),
  ];
}

function tableObstacles(change: ColumnChange, facts: ColumnFacts): string[] {
  const { oldColumn, newColumn, nullable = false } = change;
  const key = keyColumnsOf(change);
  const reasons: [boolean, string][] = [
    [!['r', 'p'].includes(facts.kind), 'It is no table.'],
    [facts.is_partition, 'It is a partition: change the table that it is a partition of.'],
    [facts.has_heirs, 'Other tables inherit from it, and triggers do not reach them.'],
    [facts.is_in_partition_key, `${oldColumn.name} is in the partition key.`],
    [
      !facts.is_declared_type,
      `${oldColumn.name} is ${facts.type}, and the declaration says ${oldColumn.type}: correct \`oldColumn.type\`.`,
    ],
    [facts.is_generated, `${oldColumn.name} is generated from other columns.`],
    [facts.has_own_collation, `${oldColumn.name} has a collation of its own, which a way back would lose.`],
    [
      facts.has_grants,
      `${oldColumn.name} has privileges of its own: grant them on the table instead, and revoke them from the column.`,
    ],
    [
      facts.not_null === nullable,
      facts.not_null
        ? `${oldColumn.name} is NOT NULL, and the declaration says \`nullable\`: take that out.`
        : `${oldColumn.name} may be null: declare \`nullable: true\`, or set it NOT NULL first.`,
    ],
    [
      facts.new_name_is_taken,
      `It has a column ${newColumn.name} already: declare another \`newColumn.name\`.`,
    ],
    [
      facts.missing_key_columns.length > 0,
      `It has no column ${facts.missing_key_columns.join(', ')}: correct \`key\`.`,
    ],
    [
      facts.missing_key_columns.length === 0 && key.length > 0 && !facts.key_is_unique,
      `Nothing says that ${key.join(', ')} is unique and never null: declare the columns of a primary key, or \`key: []\`.`,
    ],
  ];
  return reasons.filter(([holds]) => holds).map(([, reason]) => reason);
}

/** What is asked of both types. */
async function typeObstacles(database: Queryable, change: ColumnChange): Promise<string[]> {
  const types = [...new Set([change.oldColumn.type, change.newColumn.type])];
  const reasons: string[] = [];
  for (const type of types) {
    const [base, modifier] = typeValues(type);
    const { rows } = await database.query<{ name: string; comparable: boolean; constrained: boolean }>(
      `
      select t.oid::regtype::text as name,
        t.typtype in ('e', 'r', 'm', 'c', 'd') or t.typcategory = 'A'
        or exists (
          select from pg_catalog.pg_operator o
          where o.oprname = '=' and o.oprnamespace = 'pg_catalog'::regnamespace and o.oprright = o.oprleft and o.oprleft in (
            t.oid, (select c.casttarget from pg_catalog.pg_cast c where c.castsource = t.oid and c.castmethod = 'b' limit 1)
          )
        ) as comparable,
        t.typtype = 'd' and (
          t.typnotnull or exists (select from pg_catalog.pg_constraint c where c.contypid = t.oid)
        ) as constrained
      from pg_catalog.pg_type t
      where t.oid = $1::text::regtype`,
      [base],
    );
    const found = rows[0];
    if (found === undefined) continue;
    // The sync trigger compares them in every write, and knows no schema but PostgreSQL's own.
    if (!found.comparable)
      reasons.push(`Values of type ${type} cannot be compared with PostgreSQL's own \`=\`.`);
    if (found.constrained) {
      reasons.push(
        `${type} is a domain with constraints, for which the table would be rewritten under the lock.`,
      );
    }
    const full = fullType(found.name, modifier);
    if (full !== null) reasons.push(`The catalog writes ${type} as ${full}: declare it so.`);
  }
  return reasons;
}

/** How a type has to be declared whose modifier the catalog completes; null where it is written in full. */
function fullType(name: string, modifier: string | null): string | null {
  if (name === 'numeric' && modifier !== null && !modifier.includes(',')) return `numeric(${modifier},0)`;
  if (['character', 'bit'].includes(name) && modifier === null) return `${name}(1)`;
  return null;
}

async function numberingAndDefaultObstacles(
  database: Queryable,
  change: ColumnChange,
  { default_expression: expression }: ColumnFacts,
): Promise<string[]> {
  const { oldColumn, newColumn, nullable } = change;
  const numbering = await readNumbering(database, columnAt(change, 'old'));
  if (numbering !== null) {
    return newColumn.default === undefined && oldColumn.default === undefined
      ? []
      : [`The numbers of ${oldColumn.name} come from ${numbering.sequence}: declare no default.`];
  }
  const reasons: string[] = [];
  if ((oldColumn.default ?? null) !== expression) {
    reasons.push(
      expression === null
        ? `${oldColumn.name} has no default: take \`oldColumn.default\` out.`
        : `${oldColumn.name} has the default ${expression}: declare \`oldColumn.default\` exactly so, for the way back, and ` +
            `\`newColumn.default\` for the new type.`,
    );
  } else if (expression !== null && newColumn.default === undefined) {
    reasons.push(`${oldColumn.name} has a default: declare \`newColumn.default\` for the new type.`);
  }
  if (nullable && (expression !== null || newColumn.default !== undefined)) {
    reasons.push(
      `${oldColumn.name} may be null and has a default: while both columns are there, a null that was written on purpose ` +
        `looks like one that was left out. Drop the default for the time of the change, or set the column NOT NULL first.`,
    );
  }
  return reasons;
}

async function indexObstacles(database: Queryable, change: ColumnChange): Promise<string[]> {
  const reasons: string[] = [];
  for (const { name, obstacle, definition } of await readIndexes(database, columnAt(change, 'old'))) {
    const method = / USING (\w+) \(/.exec(definition)?.[1] ?? '';
    if (obstacle !== null) {
      reasons.push(`The index ${name} cannot go over by itself: ${obstacle}. ${DROP_AND_MAKE}`);
    } else if (!(await canBeIndexed(database, method, change.newColumn.type))) {
      reasons.push(
        `The index ${name} cannot be made for ${change.newColumn.type}: ${method} has no order for it. ${DROP_AND_MAKE}`,
      );
    }
  }
  return reasons;
}

const DROP_AND_MAKE = 'Drop it, and make what takes its place when the change is done.';

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
        or t.typtype = 'd' and o.opcintype = t.typbasetype
        or exists (
          select from pg_catalog.pg_cast c
          where c.castsource = t.oid and c.casttarget = o.opcintype and c.castmethod = 'b'
        )
      )
    ) as possible`,
    [method, typeValues(type)[0]],
  );
  return rows[0]?.possible ?? false;
}

async function foreignKeyObstacles(database: Queryable, change: ColumnChange): Promise<string[]> {
  const reasons: string[] = [];
  for (const { name, owner, obstacle, partnerTypes } of await readForeignKeys(
    database,
    columnAt(change, 'old'),
  )) {
    const stranger = await firstIncomparable(database, partnerTypes, change.newColumn.type);
    if (obstacle !== null) {
      reasons.push(
        `The foreign key ${name} of ${owner} cannot go over by itself: ${obstacle}. ${DROP_AND_MAKE}`,
      );
    } else if (stranger !== undefined) {
      reasons.push(
        `The foreign key ${name} of ${owner} compares it with a ${stranger}, which is not comparable with ` +
          `${change.newColumn.type}: change that column too, with the foreign key dropped for the time.`,
      );
    }
  }
  return reasons;
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

/** All that depends on the column and is neither its own nor goes over. */
async function otherDependents(database: Queryable, change: ColumnChange): Promise<string[]> {
  const { table, filledCheck, enforcedCheck, fillingCheck, syncFunction } = namesOf(change);
  const { rows } = await database.query<{ description: string }>(
    `
    select distinct pg_describe_object(d.classid, d.objid, d.objsubid) as description
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_depend d
      on d.refclassid = 'pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
    left join pg_catalog.pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
    left join pg_catalog.pg_constraint con on d.classid = 'pg_constraint'::regclass and con.oid = d.objid
    left join pg_catalog.pg_attrdef def on d.classid = 'pg_attrdef'::regclass and def.oid = d.objid
    left join pg_catalog.pg_trigger t on d.classid = 'pg_trigger'::regclass and t.oid = d.objid
    where a.attrelid = to_regclass($1) and a.attname = $2
      and coalesce(c.relkind, ' ') not in ('i', 'I', 'S')
      and coalesce(con.contype, ' ') not in ('p', 'u', 'f', 'n', 'x')
      and coalesce(con.conname, '') <> all ($3)
      and (def.oid is null or def.adnum <> a.attnum)
      and (t.oid is null or t.tgfoid is distinct from to_regproc($4))
      -- Up to PostgreSQL 14, a generated column depends as a part of the table itself.
      and (c.oid is null or c.oid <> a.attrelid or d.objsubid not in (0, a.attnum))
    order by 1`,
    [table, change.oldColumn.name, [filledCheck, enforcedCheck, fillingCheck].map(unquoted), syncFunction],
  );
  return rows.map(
    ({ description }) =>
      `${description} depends on ${change.oldColumn.name} and cannot go over by itself. ${DROP_AND_MAKE}`,
  );
}

async function readFacts(database: Queryable, change: ColumnChange): Promise<ColumnFacts | undefined> {
  const { rows } = await database.query<ColumnFacts>(
    `
    select c.relkind as kind, c.relispartition as is_partition,
      c.relkind = 'r' and exists (select from pg_catalog.pg_inherits i where i.inhparent = c.oid) as has_heirs,
      exists (
        select from pg_catalog.pg_partitioned_table p
        where p.partrelid = c.oid and a.attnum = any (p.partattrs::int2[])
      ) as is_in_partition_key,
      format_type(a.atttypid, a.atttypmod) as type,
      ${isOfType('a', '$3', '$4')} as is_declared_type,
      a.attnotnull as not_null,
      case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end as default_expression,
      a.attgenerated <> '' as is_generated,
      a.attcollation <> t.typcollation as has_own_collation,
      a.attacl is not null as has_grants,
      array(
        select name from unnest($5::text[]) as name
        where not exists (
          select from pg_catalog.pg_attribute k where k.attrelid = c.oid and k.attname = name and not k.attisdropped
        )
      ) as missing_key_columns,
      exists (
        select from pg_catalog.pg_index i
        where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
          and (
            select bool_and(k.attnotnull) and array_agg(k.attname::text) <@ $5::text[]
            from pg_catalog.pg_attribute k
            where k.attrelid = c.oid and k.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1])
          )
      ) as key_is_unique,
      exists (
        select from pg_catalog.pg_attribute n where n.attrelid = c.oid and n.attname = $6 and not n.attisdropped
      ) as new_name_is_taken
    from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = $2 and not a.attisdropped
    join pg_catalog.pg_type t on t.oid = a.atttypid
    left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.oid = to_regclass($1)`,
    [
      namesOf(change).table,
      change.oldColumn.name,
      ...typeValues(change.oldColumn.type),
      keyColumnsOf(change),
      change.newColumn.name,
    ],
  );
  return rows[0];
}
