import type { Node, RangeVar } from 'libpg-query';
import { escapeLiteral } from 'pg';
import { chooseName, type NameParts } from './choose-name.ts';
import { equalIndexOf, type Partition } from './partitions.ts';
import { besideName } from './relation-names.ts';
import type { RuleContext } from './rule.ts';
import { MOST_ROWS } from './row-label.ts';
import { find, locked, onPartition, type Step } from './step.ts';

/** An index of a partitioned table, or a key with its index. */
export interface PartitionedIndex {
  /** Its name, as in the catalog. */
  readonly name: string;
  /** PostgreSQL names the indexes of the partitions by them. */
  readonly parts: NameParts;
  /** The statement without a name, for another table. */
  readonly onTable: (trial: RangeVar) => Node;
  /** The step that makes the index of a partitioned table alone. It stays INVALID until all partitions have theirs. */
  readonly makeOnly: (table: Partition, name: string) => Step;
  /** The steps that make the index of a table that stores rows. */
  readonly make: (table: Partition, name: string) => readonly Step[];
}

/**
 * The steps that make an index of a partitioned table and of its partitions on all levels. Each partition is busy for a change of the
 * catalog alone.
 *
 * 1. Make the index of the partitioned table alone: a change of the catalog. Partitions that come from here on get it from PostgreSQL.
 * 2. For each partition: build its index beside the traffic, unless it has an equal one, and attach it. PostgreSQL makes the index of the
 *    partitioned table VALID with the last one.
 * 3. Look for partitions that came before the first step and after the plan.
 *
 * @param partitions parents before their children; no foreign tables
 */
export async function partitionedIndexSteps(
  context: RuleContext,
  partitions: readonly Partition[],
  index: PartitionedIndex,
): Promise<Step[]> {
  const [top, ...others] = partitions;
  const name = besideName(top!.relation, index.name);
  const steps = [index.makeOnly(top!, index.name)];
  const indexes = new Map([[top!.name, name]]);
  for (const partition of others) {
    const parent = partition.parent!;
    const above = indexes.get(parent);
    // An equal index of a partitioned table has all of its partitions.
    if (above === undefined) continue;
    const equal = await equalIndexOf(context, partition, index.onTable);
    const made =
      equal === undefined ? await chooseName(context, partition.relation, partsOf(index.parts)) : '';
    if (equal === undefined) context.made.takeBelow(index.name, made);
    const own = equal ?? besideName(partition.relation, made);
    const making =
      equal !== undefined
        ? []
        : partition.kind === 'p'
          ? [index.makeOnly(partition, made)]
          : index.make(partition, made);
    const attach = locked(`alter index ${above} attach partition ${own}`, [partition.name]);
    steps.push(...[...making, attach].map((step) => onPartition(step, parent, partition.name)));
    if (equal === undefined && partition.kind === 'p') indexes.set(partition.name, own);
  }
  return [...steps, findWithout(top!.name, name)];
}

function partsOf({ columns, label }: NameParts): string[] {
  return [columns, label];
}

/** The search for partitions that have no index of the partitioned index. */
function findWithout(table: string, index: string): Step {
  const query =
    `select part.relid::regclass::text as found from pg_partition_tree(${escapeLiteral(table)}::regclass) part ` +
    `join pg_catalog.pg_class c on c.oid = part.relid and c.relkind = 'r' ` +
    `where not exists (select from pg_partition_tree(${escapeLiteral(index)}::regclass) own join pg_catalog.pg_index i on i.indexrelid = own.relid where i.indrelid = part.relid) limit ${MOST_ROWS}`;
  return find(
    query,
    [table],
    `Partitions of ${table} came without the index ${index}: create it on each with \`create index concurrently\`, and attach it with \`alter index ${index} attach partition\`.`,
  );
}
