import type { Constraint, RangeVar } from 'libpg-query';
import type { Queryable } from '../../postgres/queryable.ts';
import type { DroppedParts, ForeignKeyFacts } from '../planning/catalog.ts';
import { nameOf } from '../planning/relation-names.ts';
import { stringsOf } from '../planning/table-command.ts';

/**
 * Whether a table has a foreign key that PostgreSQL takes for that of its partitioned table.
 * @param table schema and name, quoted
 * @param key of the partitioned table
 */
export async function hasForeignKey(database: Queryable, table: string, key: Constraint): Promise<boolean> {
  const { rows } = await database.query(
    `
    select
    from pg_catalog.pg_constraint f
    where f.conrelid = to_regclass($1) and f.contype = 'f' and f.convalidated and f.conparentid = 0 and f.confrelid = to_regclass($2)
      and $3::text[] = array(
        select a.attname::text from unnest(f.conkey) with ordinality as k (number, place)
        join pg_catalog.pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.number order by k.place
      )
      and ($4::text[] = '{}' or $4 = array(
        select a.attname::text from unnest(f.confkey) with ordinality as k (number, place)
        join pg_catalog.pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.number order by k.place
      ))
      and (f.confmatchtype, f.confupdtype, f.confdeltype, f.condeferrable, f.condeferred) = ($5::"char", $6::"char", $7::"char", $8::boolean, $9::boolean)`,
    [
      table,
      nameOf(key.pktable!),
      stringsOf(key.fk_attrs),
      stringsOf(key.pk_attrs),
      key.fk_matchtype ?? 's',
      key.fk_upd_action ?? 'a',
      key.fk_del_action ?? 'a',
      key.deferrable ?? false,
      key.initdeferred ?? false,
    ],
  );
  return rows.length > 0;
}

/** Whether a table, named by schema and name, quoted, has a constraint of this name. */
export async function hasConstraint(database: Queryable, table: string, name: string): Promise<boolean> {
  const { rows } = await database.query(
    `select from pg_catalog.pg_constraint where conrelid = to_regclass($1) and conname = $2`,
    [table, name],
  );
  return rows.length > 0;
}

/** Finds a table with a foreign key to this one: schema and name, quoted. */
export async function findReferringTable(
  database: Queryable,
  relation: RangeVar,
): Promise<string | undefined> {
  const { rows } = await database.query<{ name: string }>(
    `
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_catalog.pg_constraint f
    join pg_catalog.pg_class c on c.oid = f.conrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where f.confrelid = to_regclass($1) and f.contype = 'f' and f.conparentid = 0
    order by 1 limit 1`,
    [nameOf(relation)],
  );
  return rows[0]?.name;
}

/** Finds the foreign keys between two tables that go with the dropped tables or parts. */
export async function findForeignKeys(
  database: Queryable,
  { tables, column, constraint }: DroppedParts,
): Promise<readonly ForeignKeyFacts[]> {
  const { rows } = await database.query<ForeignKeyFacts>(
    `
    with dropped as (
      select to_regclass(name)::oid as oid from unnest($1::text[]) as name
    )
    select f.conname as name, format('%I.%I', n.nspname, c.relname) as table, n.nspname as schema, c.relname, format('%I.%I', xn.nspname, x.relname) as other,
      xn.nspname as "otherSchema", x.relname as "otherName", f.conrelid in (select oid from dropped) as "isWithin"
    from pg_catalog.pg_constraint f
    join pg_catalog.pg_class c on c.oid = f.conrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_class x on x.oid = f.confrelid
    join pg_catalog.pg_namespace xn on xn.oid = x.relnamespace
    where f.contype = 'f' and f.conparentid = 0 and f.conrelid <> f.confrelid
      and (
        f.conrelid in (select oid from dropped)
        and ($2::text is null or f.conkey && array(select a.attnum from pg_catalog.pg_attribute a where a.attrelid = f.conrelid and a.attname = $2))
        and ($3::text is null or f.conname = $3)
        or f.confrelid in (select oid from dropped) and $2::text is null and $3::text is null
      )
    order by 2, 1`,
    [tables.map(nameOf), column ?? null, constraint ?? null],
  );
  return rows;
}
