import type { RangeVar } from 'libpg-query';
import { nameOf } from './relation-names.ts';
import type { RuleContext } from './rule.ts';

/** A column of a primary key. */
export interface KeyColumn {
  readonly name: string;
  /** Quoted if it needs that. */
  readonly label: string;
}

/** The columns of a table's primary key; none if the table does not exist, or if earlier statements of the migration alter them. */
export async function primaryKeyOf(
  { database, made }: RuleContext,
  relation: RangeVar,
): Promise<readonly KeyColumn[]> {
  if (made.has(relation)) return [];
  const { rows } = await database.query<KeyColumn>(
    `
    select a.attname as name, quote_ident(a.attname) as label
    from pg_catalog.pg_index i
    cross join unnest(i.indkey) with ordinality as key (attnum, position)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = key.attnum
    where i.indrelid = to_regclass($1) and i.indisprimary and key.position <= i.indnkeyatts
    order by key.position`,
    [nameOf(made.inCatalog(relation))],
  );
  return rows.some(({ name }) => made.hasAltered(relation, name)) ? [] : rows;
}
