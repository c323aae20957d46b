import type { RangeVar } from 'libpg-query';
import type { Queryable } from '../../postgres/queryable.ts';
import { nameOf } from '../planning/relation-names.ts';

/** The sequence from which a column's default takes its numbers; undefined if there is none. */
export async function findSequence(
  database: Queryable,
  relation: RangeVar,
  column: string,
): Promise<RangeVar | undefined> {
  const { rows } = await database.query<RangeVar>(
    `
    select n.nspname as schemaname, s.relname as relname
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    join pg_catalog.pg_depend uses
      on uses.classid = 'pg_catalog.pg_attrdef'::regclass and uses.objid = d.oid and uses.refclassid = 'pg_catalog.pg_class'::regclass
    join pg_catalog.pg_class s on s.oid = uses.refobjid and s.relkind = 'S'
    join pg_catalog.pg_namespace n on n.oid = s.relnamespace
    where a.attrelid = to_regclass($1) and a.attname = $2`,
    [nameOf(relation), column],
  );
  return rows[0];
}
