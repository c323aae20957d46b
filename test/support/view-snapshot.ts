import type { DatabaseClient } from './database-client.ts';

/** Everything that the catalog stores of the user's views, by their names, in comparable form. */
export async function readViewCatalog(client: DatabaseClient): Promise<Record<string, unknown>> {
  return client.value(`
    select coalesce(jsonb_object_agg(format('%I.%I', n.nspname, c.relname), jsonb_build_object(
      'definition', pg_get_viewdef(c.oid), 'kind', c.relkind, 'options', c.reloptions, 'owner', pg_get_userbyid(c.relowner),
      'acl', c.relacl, 'comment', obj_description(c.oid, 'pg_class'), 'isPopulated', c.relispopulated,
      'columns', (
        select jsonb_agg(jsonb_build_object(
          'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'acl', a.attacl,
          'comment', col_description(c.oid, a.attnum), 'default', pg_get_expr(d.adbin, d.adrelid),
          'statistics', nullif(a.attstattarget, -1)
        ) order by a.attnum)
        from pg_attribute a
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0
      ),
      'rules', (
        select jsonb_agg(array[pg_get_ruledef(r.oid), obj_description(r.oid, 'pg_rewrite')] order by r.rulename)
        from pg_rewrite r where r.ev_class = c.oid
      ),
      'triggers', (
        select jsonb_agg(array[pg_get_triggerdef(t.oid), t.tgenabled::text, obj_description(t.oid, 'pg_trigger')] order by t.tgname)
        from pg_trigger t where t.tgrelid = c.oid
      ),
      'indexes', (
        select jsonb_agg(array[
          pg_get_indexdef(i.indexrelid), obj_description(i.indexrelid, 'pg_class'), i.indisclustered::text,
          (select spcname from pg_tablespace s join pg_class x on x.reltablespace = s.oid where x.oid = i.indexrelid)
        ] order by i.indexrelid::regclass::text)
        from pg_index i where i.indrelid = c.oid
      ),
      'tablespace', (select spcname from pg_tablespace s where s.oid = c.reltablespace)
    )), '{}')
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('v', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'online_migration')`);
}
