import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { Numbering } from '../numbering.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { changeNamesOf } from '../../change/names.ts';
import { TREE_OIDS } from '../../postgres/partition-tree.ts';
import type { Attachments } from '../attachments.ts';
import { describeFilter } from '../published-tables.ts';

/**
 * Finds rights that the migrating role lacks, an obstacle each with the `grant`. Rights that come with owning a table
 * are not checked separately.
 */
export async function rightObstacles(
  database: Queryable,
  change: ColumnChange,
  attachments: Attachments,
  numberings: readonly Numbering[],
): Promise<Obstacle[]> {
  return [
    ...(await tablesOfOthers(
      database,
      change,
      attachments.foreignKeys.map(({ owner }) => ({ table: owner })),
    )),
    ...(await schemaRights(database, change, attachments, numberings)),
    ...(await referenceRights(database, attachments)),
  ];
}

/**
 * Finds tables that belong to other roles, an obstacle each: the table, its partitions and further tables, such as those
 * whose foreign keys refer to it, are altered, and only their owner may do that.
 * @param further tables: schema and name, quoted; each with its purpose for the message, such as ` for its policy own`
 */
export async function tablesOfOthers(
  database: Queryable,
  change: ColumnChange,
  further: readonly { readonly table: string; readonly purpose?: string }[],
): Promise<Obstacle[]> {
  const purposes = new Map(further.map(({ table, purpose = '' }) => [table, purpose]));
  const { rows } = await database.query<Record<'name' | 'owner' | 'role', string> & { is_member: boolean }>(
    `
    select format('%I.%I', n.nspname, c.relname) as name, quote_ident(pg_get_userbyid(c.relowner)) as owner,
      quote_ident(current_user) as role, pg_has_role(current_user, c.relowner, 'member') as is_member
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where (c.oid in (${TREE_OIDS}) or c.oid in (
        select coalesce(p.relid, to_regclass(name))
        from unnest($2::text[]) as name left join lateral pg_partition_tree(to_regclass(name)) p on true
      ))
      and not pg_has_role(current_user, c.relowner, 'usage')
    order by 1`,
    [changeNamesOf(change).table, further.map(({ table }) => table)],
  );
  return rows.map(({ name, owner, role, is_member: isMember }) =>
    isMember
      ? obstacle(
          'OWNER_NOT_INHERITED',
          `${name} has to be altered${purposes.get(name) ?? ''}, and ${role} is a member of its owner without inheriting its rights: ` +
            `\`alter role ${role} set role = ${owner}\`, or connect as ${owner}.`,
          { table: name, owner, role },
        )
      : obstacle(
          'TABLE_NOT_OWNED',
          `${name} has to be altered${purposes.get(name) ?? ''}, and ${role} does not own it: \`grant ${owner} to ${role}\`, or connect as ${owner}.`,
          { table: name, owner, role },
        ),
  );
}

/** Indexes and the sequence of an identity are recreated in the table's schema. */
async function schemaRights(
  database: Queryable,
  change: ColumnChange,
  { indexes, filters }: Attachments,
  numberings: readonly Numbering[],
): Promise<Obstacle[]> {
  const made = [
    ...indexes.map(({ name }) => `the index ${name}`),
    ...change.columns.filter(({ index }) => index).map(({ to }) => `an index of ${to.name}`),
    ...numberings
      .filter(({ identity }) => identity !== null)
      .map(({ sequence }) => `the sequence ${sequence}`),
    ...filters.map((filter) => `the trial of the ${describeFilter(filter)}`),
  ];
  const tablespaces = indexes.flatMap(({ tablespace }) => (tablespace === null ? [] : [tablespace]));
  const { rows } = await database.query<Record<'place' | 'role', string>>(
    `
    select format('schema %I', n.nspname) as place, quote_ident(current_user) as role
    from pg_catalog.pg_namespace n
    where n.nspname = $1 and not has_schema_privilege(current_user, n.oid, 'create')
    union all
    select format('tablespace %I', s.spcname), quote_ident(current_user)
    from pg_catalog.pg_tablespace s
    where s.spcname = any ($2) and not has_tablespace_privilege(current_user, s.oid, 'create')
    order by 1`,
    [change.table.schema, tablespaces],
  );
  if (made.length === 0) return [];
  return rows.map(({ place, role }) =>
    obstacle(
      'CREATE_NOT_GRANTED',
      `${role} may not create objects in the ${place}, which the change needs for ${made.join(' and ')}: ` +
        `\`grant create on ${place} to ${role}\`.`,
      { place, role, objects: made },
    ),
  );
}

/** A foreign key needs REFERENCES on its target. Its handover locks both tables, which needs a right to write. */
async function referenceRights(database: Queryable, { foreignKeys }: Attachments): Promise<Obstacle[]> {
  const targets = foreignKeys
    .filter(({ isTarget }) => !isTarget)
    .flatMap(({ target, targetColumns }) => targetColumns.map((column) => ({ target, column })));
  const { rows } = await database.query<Record<'target' | 'role', string> & { missing: string[] }>(
    `
    with target as (
      select target as name, to_regclass(target) as oid, bool_and(has_column_privilege(to_regclass(target), "column", 'references'))
        as may_refer
      from jsonb_to_recordset($1::jsonb) as wanted (target text, "column" text)
      group by target
    ), missing as (
      select name, case when may_refer then '{}' else array['references'] end
        || case when has_table_privilege(oid, 'update, delete, truncate') then '{}' else array['update'] end as rights
      from target
    )
    select name as target, quote_ident(current_user) as role, rights as missing
    from missing where rights <> '{}' order by 1`,
    [JSON.stringify(targets)],
  );
  return rows.map(({ target, role, missing }) =>
    obstacle(
      'REFERENCE_NOT_GRANTED',
      `A foreign key to ${target} has to be made, for which ${role} lacks a right: ` +
        `\`grant ${missing.join(', ')} on ${target} to ${role}\`.`,
      { table: target, role, missing },
    ),
  );
}
