import type { Queryable } from '../../postgres/queryable.ts';
import type { TypedColumn } from './usual-targets.ts';

/** Gives the labels and the base of a type, in the catalog's spelling. */
export type UserTypes = (type: string) => Pick<TypedColumn, 'labels' | 'base'>;

/** Reads all enums and domains of the database at once. */
export async function readUserTypes(database: Queryable): Promise<UserTypes> {
  const { rows } = await database.query<{ name: string; labels: string[]; base: string | null }>(
    `
    select format('%I.%I', n.nspname, t.typname) as name,
      array(select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid = t.oid order by e.enumsortorder) as labels,
      case when bn.nspname = 'pg_catalog' then format_type(b.oid, t.typtypmod)
        when bn.nspname is not null then format('%I.%I', bn.nspname, b.typname)
      end as base
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    left join pg_catalog.pg_type b on b.oid = t.typbasetype and t.typtype = 'd'
    left join pg_catalog.pg_namespace bn on bn.oid = b.typnamespace
    where t.typtype in ('e', 'd')`,
  );
  const types = new Map(rows.map(({ name, labels, base }) => [name, { labels, base }]));
  return (type) => types.get(type) ?? { labels: [], base: null };
}
