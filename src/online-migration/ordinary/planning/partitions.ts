import type { Node, RangeVar } from 'libpg-query';
import { nameOf } from './relation-names.ts';
import type { RuleContext } from './rule.ts';

/** A table in the tree of a partitioned table, as earlier statements of the migration leave it. */
export interface Partition {
  readonly relation: RangeVar;
  /** Schema and name, quoted. */
  readonly name: string;
  /** Its parent's name; null for the partitioned table itself. */
  readonly parent: string | null;
  /** `r` a table, `p` a partitioned one, `f` a foreign one. */
  readonly kind: string;
  /** Whether an earlier statement of the migration makes it. It has no rows and no index yet. */
  readonly isMade: boolean;
}

/** Lists a partitioned table and its partitions on all levels, parents before their children. */
export async function readPartitions(
  context: RuleContext,
  relation: RangeVar,
): Promise<readonly Partition[]> {
  const partitions = await treeOf(context, relation, null);
  for (const { isAttached, parent, partition, isPartitioned } of context.made.partitioning) {
    const above = partitions.find((one) => isSame(one.relation, parent));
    const place = partitions.findIndex((one) => isSame(one.relation, partition));
    if (!isAttached && place >= 0) {
      for (const gone of below(partitions, partitions[place]!))
        partitions.splice(partitions.indexOf(gone), 1);
    } else if (isAttached && above !== undefined && place < 0) {
      const known = context.made.has(partition) ? [] : await treeOf(context, partition, above.name);
      const kind = isPartitioned ? 'p' : 'r';
      const made = {
        relation: asWhole(partition),
        name: nameOf(partition),
        parent: above.name,
        kind,
        isMade: true,
      };
      partitions.push(...(known.length > 0 ? known : [made]));
    }
  }
  return partitions;
}

async function treeOf(
  { catalog, made }: RuleContext,
  relation: RangeVar,
  parent: string | null,
): Promise<Partition[]> {
  const tree = await catalog.readPartitionTree(made.inCatalog(relation));
  // The table itself may have another name by now.
  const [top] = tree;
  const now = top && nameOf({ schemaname: top.schema, relname: relation.relname! });
  return tree.map(({ schema, relname, name, kind, parent: above }) => {
    const isTop = name === top?.name;
    return {
      relation: asWhole({ schemaname: schema, relname: isTop ? relation.relname! : relname }),
      name: isTop ? now! : name,
      parent: isTop ? parent : above === top?.name ? now! : above,
      kind,
      isMade: false,
    };
  });
}

/**
 * Finds the valid index of a partition that PostgreSQL would take for a new index of the partitioned table, instead of building one.
 * @param onTable the statement that makes the new index, for another table
 * @returns the index's schema and name, quoted; undefined if it would build one
 */
export async function equalIndexOf(
  { catalog, made }: RuleContext,
  { name, isMade }: Partition,
  onTable: (trial: RangeVar) => Node,
): Promise<string | undefined> {
  return isMade ? undefined : catalog.findEqualIndex(name, onTable, (index) => made.isTaken(index) === false);
}

/** The table as a statement names it, with its partitions. */
function asWhole({ schemaname, relname }: RangeVar): RangeVar {
  return {
    ...(schemaname !== undefined && { schemaname }),
    ...(relname !== undefined && { relname }),
    inh: true,
    relpersistence: 'p',
  };
}

/** A partition with all partitions below it. */
function below(partitions: readonly Partition[], top: Partition): Partition[] {
  return [
    top,
    ...partitions.filter(({ parent }) => parent === top.name).flatMap((one) => below(partitions, one)),
  ];
}

/** A name without a schema may be that of either. */
function isSame(one: RangeVar, other: RangeVar): boolean {
  const isOneSchema =
    one.schemaname === undefined || other.schemaname === undefined || one.schemaname === other.schemaname;
  return isOneSchema && one.relname === other.relname;
}
