import { keyIndexOf, readIndexPartitions, readIndexState } from '../attachments/index-partitions.ts';
import { type CarriedIndex, createIndex } from '../attachments/indexes.ts';
import { readPartitionedKeys } from '../attachments/partitioned-keys.ts';
import { keyIndexName } from '../attachments/table-column.ts';
import { changeNamesOf } from '../change/names.ts';
import type { Side } from '../sync/filled-column.ts';
import { buildUnlessValid, refuseTakenNames } from './mirror-partitioned-index.ts';
import type { PhaseContext } from './phase.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';

/**
 * Prepares the handover of the primary keys and unique constraints of a partitioned table. Each has a valid copy by then,
 * so the values are unique.
 * @param phase the phase that hands them over, for the events
 * @param from the side with the keys
 */
export async function prepareKeys(context: PhaseContext, phase: string, from: Side): Promise<void> {
  const { session, change } = context;
  for (const { key, copy } of await readPartitionedKeys(session, change, from)) {
    await createKeyIndexes(context, phase, key, copy.definition);
  }
}

/**
 * Refuses the handover if a partition was created after {@link prepareKeys}.
 * @throws PhaseRefusedError
 */
export async function refuseUnpreparedKeys(context: PhaseContext, phase: string, from: Side): Promise<void> {
  const { session, change } = context;
  for (const { key } of await readPartitionedKeys(session, change, from)) {
    for (const one of await readIndexPartitions(session, key.schema, key.name)) {
      if (one.isPartitioned || (await readIndexState(session, keyIndexOf(one))) === 'valid') continue;
      throw new PhaseRefusedError(
        'ATTACHED_MEANWHILE',
        `Cannot ${phase} ${changeNamesOf(change).change}: the partition ${one.table} was added meanwhile, and it has no index for ` +
          `${key.name} yet. Run the same command again, it creates the index.`,
        { ...phaseDetails(context, phase), object: one.table },
      );
    }
  }
}

/**
 * Creates for each partition the index that becomes its primary key or unique constraint, `create index concurrently`.
 * Right before the handover, because writes have one more index to update until then. An interrupted run continues.
 * @param phase the phase that hands the key over, for the events
 * @param index the key of the partitioned table
 * @param definition of the key for the other columns, from the access method on
 */
async function createKeyIndexes(
  context: PhaseContext,
  phase: string,
  index: CarriedIndex,
  definition: string,
): Promise<void> {
  const { session, emit, signal } = context;
  const tree = await readIndexPartitions(session, index.schema, index.name);
  const leaves = tree.filter(({ isPartitioned }) => !isPartitioned);
  await refuseTakenNames(context, phase, leaves, keyIndexOf);
  for (const leaf of leaves) {
    if ((await readIndexState(session, keyIndexOf(leaf))) === 'valid') continue;
    signal.throwIfAborted();
    const name = keyIndexName(leaf.name);
    emit({
      type: 'index-build-started',
      change: changeNamesOf(context.change).change,
      index: name,
      message: `${phase}: creates the index ${name} for the key of ${leaf.table}, beside reads and writes`,
    });
    const create = createIndex(
      { ...leaf, name, isUnique: true },
      { definition, condition: null },
      'concurrently',
    );
    await buildUnlessValid(context, phase, keyIndexOf(leaf), create);
  }
}
