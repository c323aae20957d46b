import type { Node, RangeVar } from 'libpg-query';
import { asKind, type NodeOf } from '../../sql/statements.ts';
import { writeStatement } from '../../sql/write-statement.ts';
import { chooseName, columnsOfIndex, isNameTaken, namePartsOfPostgres } from '../planning/choose-name.ts';
import { type PartitionedIndex, partitionedIndexSteps } from '../planning/partitioned-index.ts';
import { equalIndexOf, type Partition, readPartitions } from '../planning/partitions.ts';
import { aloneOf, besideName } from '../planning/relation-names.ts';
import type { Rule, RuleContext, Verdict } from '../planning/rule.ts';
import { buildIndex, locked, onPartition, type Step } from '../planning/step.ts';
import { asWritten, NOT_WRITTEN, tableInUse } from '../planning/verdicts.ts';

/**
 * `create index` on a partitioned table: SHARE on all partitions while the index of each is built, so nobody writes to the table.
 *
 * 1. `create index … on only` the partitioned table: INVALID, a change of the catalog.
 * 2. For each partition, on all levels: `create index concurrently`, unless it has an equal index, and `alter index … attach partition`.
 *
 * With foreign tables among the partitions, PostgreSQL would never make that index VALID. So the indexes of the partitions are built first,
 * and the statement as it is written only attaches them.
 */
export const createPartitionedIndex: Rule = async ({ tree }, context) => {
  const index = asKind(tree, 'IndexStmt');
  if (index?.relation?.inh !== true) return undefined;
  const { relation } = index;
  const table = await tableInUse(relation, context);
  if (table?.kind !== 'p') return undefined;
  const { if_not_exists: isOptional, concurrent: _, idxname: given, ...unnamed } = withoutTableNames(index);
  if (isOptional && given !== undefined && (await isNameTaken(context, relation, given)))
    return asWritten(table.name);
  const partitions = await readPartitions(context, relation);
  const isForeign = partitions.some(({ kind }) => kind === 'f');
  // PostgreSQL refuses it at once.
  if (isForeign && index.unique) return asWritten(table.name);
  const onTable = (trial: RangeVar) => ({ IndexStmt: { ...unnamed, relation: trial } });
  const parts = (await namePartsOfPostgres(context, relation, onTable)) ?? {
    columns: columnsOfIndex(index).join('_'),
    label: 'idx',
  };
  const name = given ?? (await chooseName(context, relation, [parts.columns, parts.label]));
  const sqlOf = (on: RangeVar, more: Partial<NodeOf<'IndexStmt'>>) =>
    writeStatement(context.parser, { IndexStmt: { ...unnamed, ...more, relation: on } });
  const asItIs = sqlOf(relation, { idxname: name });
  if (asItIs === null) return NOT_WRITTEN;
  const planned: PartitionedIndex = {
    name,
    parts,
    onTable,
    makeOnly: (only, idxname) => locked(sqlOf(aloneOf(only.relation), { idxname })!, [only.name], 'SHARE'),
    make: ({ relation: on, name: partition }, idxname) => [
      buildIndex(sqlOf(on, { idxname, concurrent: true })!, besideName(on, idxname), partition),
    ],
  };
  return {
    kind: 'steps',
    reason: 'it builds the index of every partition while nobody can write to them',
    steps: isForeign
      ? [
          ...(await builtBefore(context, partitions, planned)),
          locked(
            asItIs,
            partitions.map((one) => one.name),
            'SHARE',
          ),
        ]
      : await partitionedIndexSteps(context, partitions, planned),
  } satisfies Verdict;
};

/** The same part of a statement with columns that do not name their table. A partition has another name. */
function withoutTableNames<Part>(part: Part): Part {
  if (Array.isArray(part)) return part.map(withoutTableNames) as Part;
  if (typeof part !== 'object' || part === null) return part;
  const entries = Object.entries(part).map(([kind, child]) => {
    const fields = kind === 'ColumnRef' ? asKind(part as unknown as Node, 'ColumnRef')?.fields : undefined;
    const isColumn = asKind(fields?.at(-1), 'String') !== undefined;
    return [kind, isColumn ? { ...child, fields: fields!.slice(-1) } : withoutTableNames(child)];
  });
  return Object.fromEntries(entries) as Part;
}

/** The steps that build the indexes of the partitions, for the partitioned index that is created later. */
async function builtBefore(
  context: RuleContext,
  partitions: readonly Partition[],
  index: PartitionedIndex,
): Promise<Step[]> {
  const steps: Step[] = [];
  for (const partition of partitions) {
    if (partition.kind !== 'r' || (await equalIndexOf(context, partition, index.onTable)) !== undefined)
      continue;
    const name = await chooseName(context, partition.relation, [index.parts.columns, index.parts.label]);
    const made = index.make(partition, name);
    steps.push(...made.map((step) => onPartition(step, partition.parent!, partition.name)));
  }
  return steps;
}
