import { escapeIdentifier } from 'pg';
import { otherSide, type Side } from '../sync/filled-column.ts';
import { inExclusiveTransaction, type PhaseContext, refusingTakenNames } from './phase.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';
import { changeNamesOf } from '../change/names.ts';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import { type Attachments, readAttachmentsAndCopies } from '../attachments/attachments.ts';
import { recordDefinitions } from '../state/definitions.ts';
import { planOutdatedDrop } from '../attachments/copy-drop.ts';
import { dropPartitionedMirror, readIndexPartitions } from '../attachments/index-partitions.ts';
import { copyComment } from '../attachments/copy-comment.ts';
import { type CarriedIndex, createIndex, type IndexDefinition } from '../attachments/indexes.ts';
import { columnsAt, mirrorName } from '../attachments/table-column.ts';
import { definitionOf, type Translations } from '../attachments/translated.ts';
import { definitionsToRecord, translate } from '../attachments/translation.ts';
import { mirrorPartitionedIndex } from './mirror-partitioned-index.ts';
import { mirrorChecks } from './mirror-checks.ts';
import { detailOf, mirrorForeignKeys } from './mirror-foreign-keys.ts';

/**
 * Creates copies of one side's attachments for the columns of the other side, so that they can replace the first ones. An
 * interrupted run continues.
 *
 * 1. ONE transaction under ACCESS EXCLUSIVE: drop copies whose original was dropped, renamed or replaced.
 * 2. Each index: `create index concurrently`, under SHARE UPDATE EXCLUSIVE, without blocking reads and writes. An
 *    unfinished index of an earlier run is dropped first, because an unfinished unique index rejects writes.
 * 3. Each check, in ONE transaction under ACCESS EXCLUSIVE: not validated, catalog only. Then it is validated under
 *    SHARE UPDATE EXCLUSIVE if its original is. That reads the table, without blocking reads and writes.
 * 4. Each foreign key: not validated, then validated.
 *
 * @param phase the phase that needs the copies, for the events
 * @param from the side with the attachments
 * @throws PhaseRefusedError if values that were different are equal in the other type, or if a check or a foreign key
 *   does not hold for the other side
 */
export async function mirrorAttachments(context: PhaseContext, phase: string, from: Side): Promise<void> {
  const { session, change, emit, signal } = context;
  const to = otherSide(from);
  await dropOutdated(context, phase, to);
  const { own, mirrors } = await readAttachmentsAndCopies(session, change, from);
  const translations = await translate(session, change, from, own);
  requireDefinitions(context, phase, own, translations);
  if (from === 'old') await recordDefinitions(session, change, definitionsToRecord(own, translations));
  for (const index of own.indexes) {
    const mirror = mirrors.indexes.find(({ name }) => name === mirrorName(index.name));
    if (mirror?.isValid) {
      if (mirror.comment === null) await markCopy(context, index);
      continue;
    }
    signal.throwIfAborted();
    if (mirror !== undefined && !index.isPartitioned) await dropConcurrently(context, index);
    emit({
      type: 'index-build-started',
      change: changeNamesOf(change).change,
      index: mirrorName(index.name),
      message: `${phase}: creates the index ${mirrorName(index.name)}, beside reads and writes`,
    });
    await createMirror(context, phase, index, definitionOf(translations.indexes, index.name)!, from);
  }
  await mirrorChecks(context, phase, own.checks, mirrors.checks, translations.checks);
  await mirrorForeignKeys(context, phase, from);
}

/** A copy without an original would go on rejecting writes, and one of a replaced original would take its place. */
async function dropOutdated(context: PhaseContext, phase: string, side: Side): Promise<void> {
  const { session, change } = context;
  if ((await planOutdatedDrop(session, change, side)).statements.length === 0) return;
  await inExclusiveTransaction(context, `${phase}: drop copies of earlier indexes and constraints`, {
    plan: () => planOutdatedDrop(session, change, side),
  });
}

/** An index or check that was created after the phase had looked may have no definition for the other column. */
function requireDefinitions(
  context: PhaseContext,
  phase: string,
  { indexes, checks }: Attachments,
  translations: Translations,
): void {
  const missing =
    indexes.find(({ name }) => definitionOf(translations.indexes, name) === undefined) ??
    checks.find(({ name }) => definitionOf(translations.checks, name) === undefined);
  if (missing === undefined) return;
  throw new PhaseRefusedError(
    'ATTACHED_MEANWHILE',
    `Cannot change ${changeNamesOf(context.change).change}: ${missing.name} was made meanwhile. Run the same command again.`,
    { ...phaseDetails(context, phase), object: missing.name },
  );
}

async function createMirror(
  context: PhaseContext,
  phase: string,
  index: CarriedIndex,
  definition: IndexDefinition,
  from: Side,
): Promise<void> {
  const { session, change } = context;
  try {
    if (index.isPartitioned) await mirrorPartitionedIndex(context, phase, index, definition);
    else
      await refusingTakenNames(context, phase, () =>
        session.runUnlimited(
          createIndex({ ...index, name: mirrorName(index.name) }, definition, 'concurrently'),
        ),
      );
    await markCopy(context, index);
  } catch (error) {
    if (sqlState(error) !== SQLSTATE.uniqueViolation) throw error;
    await dropMirror(context, phase, index);
    throw new PhaseRefusedError(
      'UNIQUE_CONFLICT',
      `Cannot change ${changeNamesOf(change).change}: ${index.name} is unique, and two rows that differ in ` +
        `${columnsAt(change, from).columns.join(', ')} have the same value in ${columnsAt(change, otherSide(from)).columns.join(', ')}: ${detailOf(error)} ` +
        `Correct one of them, then run the same command again.`,
      { ...phaseDetails(context, phase), index: index.name },
      { cause: error },
    );
  }
}

async function markCopy({ session }: PhaseContext, index: CarriedIndex): Promise<void> {
  const copy = `${index.schema}.${escapeIdentifier(mirrorName(index.name))}`;
  await session.query(`comment on index ${copy} is ${copyComment(index)}`);
}

async function dropMirror(context: PhaseContext, phase: string, index: CarriedIndex): Promise<void> {
  if (!index.isPartitioned) return await dropConcurrently(context, index);
  const { session } = context;
  const tree = await readIndexPartitions(session, index.schema, index.name);
  await inExclusiveTransaction(context, `${phase}: take the index ${mirrorName(index.name)} back`, {
    plan: async () => ({ statements: await dropPartitionedMirror(session, tree), furtherTables: [] }),
  });
}

async function dropConcurrently({ session }: PhaseContext, { schema, name }: CarriedIndex): Promise<void> {
  await session.runUnlimited(
    `drop index concurrently if exists ${schema}.${escapeIdentifier(mirrorName(name))}`,
  );
}
