import {
  type IndexPartition,
  mirrorOf,
  readIndexPartitions,
  readIndexState,
} from '../attachments/index-partitions.ts';
import { type CarriedIndex, createIndex, type IndexDefinition } from '../attachments/indexes.ts';
import { mirrorName } from '../attachments/table-column.ts';
import { inExclusiveTransaction, nameTaken, type PhaseContext, refusingTakenNames } from './phase.ts';

/**
 * Creates a copy of an index of a partitioned table for the other column. An interrupted run continues.
 *
 * 1. ONE transaction under ACCESS EXCLUSIVE: create the copies of the partitioned tables only; catalog only.
 * 2. For every table that stores rows: `create index concurrently`, under SHARE UPDATE EXCLUSIVE, without blocking
 *    reads and writes. An unfinished index of an earlier run is dropped first.
 * 3. ONE transaction under ACCESS EXCLUSIVE: attach the partitions' copies; catalog only.
 *
 * A partition that is created in the meantime gets both indexes from PostgreSQL.
 *
 * @param phase the phase that needs it, for the events
 * @throws the database's error 23505 if a unique index does not hold
 */
export async function mirrorPartitionedIndex(
  context: PhaseContext,
  phase: string,
  index: CarriedIndex,
  definition: IndexDefinition,
): Promise<void> {
  const { session, signal } = context;
  const tree = await readIndexPartitions(session, index.schema, index.name);
  const made = await readIndexPartitions(session, index.schema, mirrorName(index.name));
  const isMade = ({ table }: IndexPartition) => made.some((one) => one.table === table);
  const left = tree.filter((one) => !isMade(one));
  await refuseTakenNames(context, phase, left, mirrorOf);
  const create = (one: IndexPartition, how: 'concurrently' | 'on only') =>
    createIndex({ ...index, ...one, name: mirrorName(one.name) }, definition, how);
  const tops = left.filter(({ isPartitioned }) => isPartitioned);
  if (tops.length > 0) {
    await inExclusiveTransaction(context, `${phase}: create the index of the partitioned table`, {
      plan: async () => ({
        statements: tops
          .map((one) => create(one, 'on only'))
          .flatMap((statement, place) => [`drop index if exists ${mirrorOf(tops[place]!)}`, statement]),
        furtherTables: [],
      }),
    });
  }
  for (const one of left) {
    if (one.isPartitioned) continue;
    signal.throwIfAborted();
    await buildUnlessValid(context, phase, mirrorOf(one), create(one, 'concurrently'));
  }
  await inExclusiveTransaction(context, `${phase}: attach the indexes of the partitions`, {
    plan: async () => ({ statements: left.flatMap((one) => attach(tree, one)), furtherTables: [] }),
  });
}

/** An unfinished index of an earlier run is dropped first, because an unfinished unique index rejects writes. */
export async function buildUnlessValid(
  context: PhaseContext,
  phase: string,
  index: string,
  create: string,
): Promise<void> {
  const { session } = context;
  const state = await readIndexState(session, index);
  if (state === 'valid') return;
  if (state === 'invalid') await session.runUnlimited(`drop index concurrently ${index}`);
  await refusingTakenNames(context, phase, () => session.runUnlimited(create));
}

/** The copy of an interrupted run is an index of the partition. Another object must neither be dropped nor attached. */
export async function refuseTakenNames(
  context: PhaseContext,
  phase: string,
  indexes: readonly IndexPartition[],
  copyOf: (one: IndexPartition) => string,
): Promise<void> {
  const { rows } = await context.session.query<{ taken: string }>(
    `
    select to_regclass(wanted.name)::text as taken
    from jsonb_to_recordset($1::jsonb) as wanted (name text, "table" text)
    where to_regclass(wanted.name) is not null and not exists (
      select from pg_catalog.pg_index i
      where i.indexrelid = to_regclass(wanted.name) and i.indrelid = to_regclass(wanted.table)
    )
    limit 1`,
    [JSON.stringify(indexes.map((one) => ({ name: copyOf(one), table: one.table })))],
  );
  const [found] = rows;
  if (found !== undefined) throw nameTaken(context, phase, `${found.taken} already exists`);
}

function attach(tree: readonly IndexPartition[], one: IndexPartition): string[] {
  const parent = tree.find(({ table }) => table === one.parent);
  return parent === undefined ? [] : [`alter index ${mirrorOf(parent)} attach partition ${mirrorOf(one)}`];
}
