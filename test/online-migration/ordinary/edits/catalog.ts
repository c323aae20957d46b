import type { DatabaseClient } from '../../../support/database-client.ts';
import { readSchema } from '../../../support/schema-snapshot.ts';

/** The catalog's data of all user tables, with the order of columns, enums, views, and partitions. */
export async function readCatalog(client: DatabaseClient) {
  const more = await client.value<Record<string, unknown>>(`
    with relation as (
      select c.* from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname !~ '^(pg_|information_schema|online_migration)'
    )
    select jsonb_build_object(
      'tables', (
        select jsonb_object_agg(c.oid::regclass, jsonb_build_object(
          'kind', c.relkind, 'owner', c.relowner::regrole, 'comment', obj_description(c.oid), 'options', c.reloptions,
          'partitions', pg_get_partkeydef(c.oid), 'partition', pg_get_expr(c.relpartbound, c.oid),
          'columns', (
            select jsonb_agg(format('%s %s %s', a.attname, a.attgenerated, a.attcollation::regcollation) order by a.attnum)
            from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          )
        )) from relation c where c.relkind in ('r', 'p', 'v', 'm')
      ),
      'enums', (
        select jsonb_object_agg(type, labels) from (
          select enumtypid::regtype as type, jsonb_agg(enumlabel order by enumsortorder) as labels from pg_enum group by 1
        ) as found
      )
    )`);
  return { ...(await readSchema(client)), ...more };
}

export type Catalog = Awaited<ReturnType<typeof readCatalog>>;

/** The number of rows of each table. */
export async function countRows(client: DatabaseClient): Promise<Record<string, number>> {
  const tables = await client.rows<{ name: string }>(
    `select oid::regclass::text as name from pg_class where relkind in ('r', 'p') and not relispartition
     and relnamespace::regnamespace::text !~ '^(pg_|information_schema|online_migration)' and relname !~ 'mikro_orm'`,
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables)
    counts[name] = await client.value<number>(`select count(*)::integer from ${name}`);
  return counts;
}
