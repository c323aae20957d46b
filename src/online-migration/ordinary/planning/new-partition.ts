import type { RangeVar } from 'libpg-query';
import type { RuleContext } from './rule.ts';
import { tableInUse } from './verdicts.ts';

/** The rows of the default partition, beside a new partition. */
export const OUTSIDE_OF_NEW = 'outside of the range of the new partition';

/** The default partition, as earlier statements of the migration leave it. */
export async function defaultPartitionOf(
  parent: RangeVar,
  { catalog, made }: RuleContext,
): Promise<RangeVar | undefined> {
  let found = await catalog.readDefaultPartition(made.inCatalog(parent));
  for (const { isAttached, isDefault, parent: of, partition } of made.partitioning) {
    if (isAttached && isDefault && of.relname === parent.relname) found = partition;
    else if (!isAttached && partition.relname === found?.relname) found = undefined;
  }
  return found;
}

/** The default partition, if it has rows. */
export async function defaultPartitionWithRows(
  parent: RangeVar,
  context: RuleContext,
): Promise<{ relation: RangeVar; table: string } | undefined> {
  const relation = await defaultPartitionOf(parent, context);
  const table = relation && (await tableInUse(relation, context));
  return table && { relation, table: table.name };
}
