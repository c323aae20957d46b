import type { RangeVar } from 'libpg-query';
import type { KeyColumn } from './catalog.ts';
import type { RuleContext } from './rule.ts';

/** The columns of a table's primary key; none if the table does not exist, or if earlier statements of the migration alter them. */
export async function primaryKeyOf(
  { catalog, made }: RuleContext,
  relation: RangeVar,
): Promise<readonly KeyColumn[]> {
  if (made.has(relation)) return [];
  const key = await catalog.readPrimaryKey(made.inCatalog(relation));
  return key.some(({ name }) => made.hasAltered(relation, name)) ? [] : key;
}
