import type { DatabaseClient } from '../../support/database-client.ts';

/** The catalog's data of the table, in comparable form. */
export interface Catalog {
  /** Each column as `name type`, plus ` not null` if it is. */
  readonly columns: string[];
  readonly triggers: string[];
  readonly checks: string[];
  /** The package's functions; null if its schema does not exist. */
  readonly functions: string[] | null;
}

/** Reads the catalog of `large_record`. */
export async function readCatalog(client: DatabaseClient): Promise<Catalog> {
  return client.value<Catalog>(`
    select jsonb_build_object(
      'columns', (
        select coalesce(jsonb_agg(
          attname || ' ' || format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end
          order by attname), '[]')
        from pg_attribute
        where attrelid = to_regclass('public.large_record') and attnum > 0 and not attisdropped
      ),
      'triggers', (
        select coalesce(jsonb_agg(tgname order by tgname), '[]')
        from pg_trigger
        where tgrelid = to_regclass('public.large_record') and not tgisinternal
      ),
      'checks', (
        select coalesce(jsonb_agg(conname order by conname), '[]')
        from pg_constraint
        where conrelid = to_regclass('public.large_record') and contype = 'c'
      ),
      'functions', (
        select case when count(n.oid) = 0 then null else coalesce(jsonb_agg(proname order by proname) filter (where proname is not null), '[]') end
        from pg_namespace n
        left join pg_proc p on p.pronamespace = n.oid
        where n.nspname = 'online_migration'
      )
    ) as catalog`);
}
