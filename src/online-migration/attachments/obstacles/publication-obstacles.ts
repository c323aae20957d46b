import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { type ChangedColumn, isRename } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { changeNamesOf, namesOf } from '../../change/names.ts';
import { LEAF_OIDS, TREE_OIDS } from '../../postgres/partition-tree.ts';
import { readPublishedTables } from '../published-tables.ts';

/**
 * SQL of the tables' publications. `pubupdate` is whether a publication publishes updates; `columns` are the numbers
 * of its columns, null for all. The view `pg_publication_tables` gives the same result, but takes seconds if
 * PostgreSQL compiles its plan.
 */
const PUBLISHED = `
      select p.pubname, p.pubupdate, t.relid as oid, nullif(to_jsonb(t) -> 'attrs', 'null') as columns
      from pg_catalog.pg_publication p
      cross join lateral pg_get_publication_tables(p.pubname::text) as t
      where t.relid in (${TREE_OIDS})`;

/**
 * Finds publications of the table that nobody has reviewed, an obstacle each. A subscriber without the new column
 * stops, and only people can prepare it.
 */
export async function subscriberObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { table } = namesOf(change);
  const { rows } = await database.query<{
    publication: string;
    quoted: string;
    tables: string[];
    slots: string[];
  }>(
    `
    with published as (${PUBLISHED}
    )
    select pubname as publication, quote_ident(pubname) as quoted, array_agg(oid::regclass::text order by oid::regclass::text) as tables,
      array(
        select slot_name::text from pg_catalog.pg_replication_slots
        where slot_type = 'logical' and database = current_database()
          -- A subscriber's slots for the first copy of a table go by themselves.
          and slot_name !~ '^pg_[0-9]+_sync_[0-9]+_[0-9]+$'
        order by 1
      ) as slots
    from published
    where 'publication ' || pubname <> all ($2)
      -- Column lists exist from PostgreSQL 15 on.
      and (columns is null or exists (
        select from pg_catalog.pg_attribute a
        where a.attrelid = published.oid and a.attname = any ($3) and columns @> to_jsonb(a.attnum)
      ))
    group by pubname
    order by pubname`,
    [table, change.reviewed ?? [], [change.oldColumn.name, change.newColumn.name]],
  );
  const lists = await readPublishedTables(database, table);
  const isListed = (publication: string) =>
    lists.some((one) => one.publication === publication && one.columns !== null);
  return rows.map(({ publication, quoted, tables, slots }) =>
    obstacle(
      'PUBLICATION_NOT_REVIEWED',
      `The publication ${publication} publishes ${tables.join(', ')}${isListed(quoted) ? listOf(change) : ''}: ${preparation(change)}` +
        (slots.length === 0
          ? 'This database has no logical slot now. '
          : `Logical slots of this database: ${slots.join(', ')}. `) +
        `Then add 'publication ${publication}' to \`reviewed\`.`,
      { publication, tables, slots, reviewed: `publication ${publication}` },
    ),
  );
}

/** Phases alter a column list; a rename leaves it as it is. */
function listOf(change: ChangedColumn): string {
  if (isRename(change)) return '';
  const { oldColumn, newColumn } = change;
  return `; its column list gets ${newColumn.name} in expand and loses ${oldColumn.name} in contract`;
}

/** The statements for each subscriber. */
function preparation(change: ChangedColumn): string {
  const { table, oldColumn, newColumn } = namesOf(change);
  const rename = `\`alter table ${table} rename column`;
  if (isRename(change)) {
    return (
      `at the first write after rename, a subscriber without ${newColumn} stops, and its slot holds WAL back. On each ` +
      `subscriber, run ${rename} ${oldColumn} to ${newColumn}\` right behind rename. `
    );
  }
  return (
    `at the first write after expand, a subscriber without ${newColumn} stops, and its slot holds WAL back. On each subscriber, run ` +
    `\`alter table ${table} add column ${newColumn} ${change.newColumn.type}\` before expand, ` +
    `\`alter table ${table} alter column ${oldColumn} drop not null\` before contract, ` +
    (change.renameInContract
      ? `and right behind it \`alter table ${table} drop column ${oldColumn}\` and `
      : `\`alter table ${table} drop column ${oldColumn}\` before rename, and right behind it `) +
    `${rename} ${newColumn} to ${oldColumn}\`; docs/adapting.md says why. `
  );
}

/**
 * Finds subscriptions that write to the table and that nobody has reviewed, an obstacle each. The publisher continues
 * to send the old column under its name.
 */
export async function subscriptionObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { rows } = await database.query<{ name: string; subscription: string; tables: string[] }>(
    `
    select s.subname as name, quote_ident(s.subname) as subscription,
      array_agg(r.srrelid::regclass::text order by r.srrelid::regclass::text) as tables
    from pg_catalog.pg_subscription_rel r
    join pg_catalog.pg_subscription s on s.oid = r.srsubid
    where r.srrelid in (${TREE_OIDS}) and 'subscription ' || s.subname <> all ($2)
    group by s.subname
    order by 1`,
    [namesOf(change).table, change.reviewed ?? []],
  );
  return rows.map(({ name, subscription, tables }) =>
    obstacle(
      'SUBSCRIPTION_NOT_REVIEWED',
      `The subscription ${name} writes to ${tables.join(', ')}: ${interruption(change, subscription)}; the publisher keeps its WAL ` +
        `in the meantime. Then add 'subscription ${name}' to \`reviewed\`.`,
      { subscription: name, tables, reviewed: `subscription ${name}` },
    ),
  );
}

/** @param subscription quoted */
function interruption(change: ChangedColumn, subscription: string): string {
  const { oldColumn, newColumn } = change;
  const disable = `Run \`alter subscription ${subscription} disable\` before`;
  const enable = `\`alter subscription ${subscription} enable\` right behind`;
  if (isRename(change)) {
    return (
      `from rename on it fails, because there is no column ${oldColumn.name} for the values that the publisher sends. ` +
      `${disable} rename, and ${enable} the rename of the publisher's column`
    );
  }
  return change.renameInContract
    ? `from contract on, the values that the publisher sends must be of ${newColumn.type}. ${disable} contract and ${enable} it`
    : `between contract and rename it fails, because there is no column ${oldColumn.name} for the values that the publisher ` +
        `sends. From rename on, these must be values of ${newColumn.type}. ${disable} contract and ${enable} rename`;
}

/**
 * Finds leaves whose updates are published without a replica identity, an obstacle each. PostgreSQL rejects these
 * updates (55000), and a backfill updates each row.
 */
export async function replicaIdentityObstacles(
  database: Queryable,
  change: ColumnChange,
): Promise<Obstacle[]> {
  const { rows } = await database.query<{ publications: string[]; leaf: string }>(
    `
    with published as (${PUBLISHED}
    )
    select array_agg(distinct p.pubname::text) as publications, format('%I.%I', n.nspname, c.relname) as leaf
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join published p on p.pubupdate and (p.oid = c.oid or p.oid in (select relid from pg_partition_ancestors(c.oid)))
    where c.oid in (${LEAF_OIDS}) and c.relreplident <> 'f'
      and not exists (
        select from pg_catalog.pg_index i
        where i.indrelid = c.oid and case c.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident end
      )
    group by n.nspname, c.relname
    order by 2`,
    [changeNamesOf(change).table],
  );
  return rows.map(({ publications, leaf }) =>
    obstacle(
      'REPLICA_IDENTITY_MISSING',
      `Updates of ${leaf} are published by ${publications.join(', ')}, and it has no replica identity: the updates of the ` +
        `backfill would fail. Give it a primary key, or \`alter table ${leaf} replica identity full\`.`,
      { table: leaf, publications },
    ),
  );
}
