import { escapeIdentifier } from 'pg';
import { type Attachments, readAttachmentsAndCopies } from '../attachments/attachments.ts';
import { readPieces } from '../attachments/foreign-key-pieces.ts';
import {
  leafForeignKeyStatements,
  mirrorForeignKeyStatements,
  wholeForeignKeyStatements,
} from '../attachments/foreign-key-copies.ts';
import { type ForeignKey, otherEnds } from '../attachments/foreign-keys.ts';
import { mirrorName, otherNames } from '../attachments/table-column.ts';
import { changeNamesOf } from '../change/names.ts';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import type { Side } from '../sync/filled-column.ts';
import { inExclusiveTransaction, type PhaseContext } from './phase.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';

/**
 * Creates copies of foreign keys for the other side. An interrupted run continues.
 *
 * 1. ONE transaction under ACCESS EXCLUSIVE on this table and SHARE ROW EXCLUSIVE on the tables at the other end: add them, not
 *    validated, catalog only. If the foreign key is of a partitioned table, add one to each partition that stores rows.
 * 2. Validate each whose original is validated. That reads both tables, without blocking reads and writes.
 * 3. For partitioned tables, ONE transaction under the same locks: add the foreign keys of the whole tables. PostgreSQL takes the valid
 *    ones of the partitions over, so this is catalog only.
 *
 * @param phase the phase that needs them, for the events
 * @param from the side that has the foreign keys
 * @throws PhaseRefusedError if a foreign key does not hold for the other side
 */
export async function mirrorForeignKeys(context: PhaseContext, phase: string, from: Side): Promise<void> {
  const { session, change, signal } = context;
  const names = otherNames(change, from);
  const first = await readMissing(context, from);
  const statements = first.whole.flatMap((key) => mirrorForeignKeyStatements(key, names));
  for (const key of first.byPartition) {
    for (const { part, state } of await readPieces(session, key)) {
      if (state === 'missing') statements.push(...leafForeignKeyStatements(key, part, names));
    }
  }
  if (statements.length > 0) {
    await inExclusiveTransaction(context, `${phase}: add the foreign keys`, {
      plan: async () => ({
        statements,
        ...otherEnds([...first.whole, ...first.byPartition]),
        furtherMode: 'share row exclusive',
      }),
    });
  }
  for (const { owner, name } of await readUnvalidated(context, from, first.byPartition)) {
    signal.throwIfAborted();
    await validate(context, phase, owner, name);
  }
  if (first.byPartition.length === 0) return;
  await inExclusiveTransaction(context, `${phase}: add the foreign keys of partitioned tables`, {
    plan: async () => {
      const { byPartition } = await readMissing(context, from);
      for (const key of byPartition) await refuseMissingPieces(context, phase, key);
      return {
        statements: byPartition.flatMap((key) => wholeForeignKeyStatements(key, names)),
        ...otherEnds(byPartition),
        furtherMode: 'share row exclusive',
      };
    },
  });
}

/** The foreign keys without a copy. If it can be added not validated, no partition needs its own first. */
async function readMissing(
  { session, change }: PhaseContext,
  from: Side,
): Promise<Record<'whole' | 'byPartition', Attachments['foreignKeys']>> {
  const { own, mirrors } = await readAttachmentsAndCopies(session, change, from);
  const missing = own.foreignKeys.filter((key) => !mirrors.foreignKeys.some((copy) => isCopyOf(copy, key)));
  return {
    whole: missing.filter(({ isPartitioned, isValidated }) => !isPartitioned || !isValidated),
    byPartition: missing.filter(({ isPartitioned, isValidated }) => isPartitioned && isValidated),
  };
}

function isCopyOf(copy: ForeignKey, { name, owner }: ForeignKey): boolean {
  return copy.name === mirrorName(name) && copy.owner === owner;
}

async function readUnvalidated(
  { session, change }: PhaseContext,
  from: Side,
  byPartition: readonly ForeignKey[],
): Promise<Pick<ForeignKey, 'owner' | 'name'>[]> {
  const { own, mirrors } = await readAttachmentsAndCopies(session, change, from);
  const whole = mirrors.foreignKeys.filter(
    (copy) => !copy.isValidated && own.foreignKeys.some((key) => key.isValidated && isCopyOf(copy, key)),
  );
  const pieces = [];
  for (const key of byPartition) pieces.push(...(await readPieces(session, key)));
  return [
    ...whole,
    ...pieces
      .filter(({ state }) => state === 'invalid')
      .map(({ part }) => ({ owner: part.table, name: mirrorName(part.name) })),
  ];
}

/** A partition without one would be read under the lock. */
async function refuseMissingPieces(context: PhaseContext, phase: string, key: ForeignKey): Promise<void> {
  const piece = (await readPieces(context.session, key)).find(({ state }) => state !== 'valid');
  if (piece === undefined) return;
  throw new PhaseRefusedError(
    'ATTACHED_MEANWHILE',
    `Cannot change ${changeNamesOf(context.change).change}: the partition ${piece.part.table} was added meanwhile, and it has no copy of ` +
      `the foreign key ${key.name} yet. Run the same command again, it creates the copy.`,
    { ...phaseDetails(context, phase), object: piece.part.table },
  );
}

async function validate(context: PhaseContext, phase: string, owner: string, name: string): Promise<void> {
  const { session, change } = context;
  try {
    await session.withoutStatementTimeout(() =>
      session.query(`alter table ${owner} validate constraint ${escapeIdentifier(name)}`),
    );
  } catch (error) {
    if (sqlState(error) !== SQLSTATE.foreignKeyViolation) throw error;
    throw new PhaseRefusedError(
      'FOREIGN_KEY_VIOLATED',
      `Cannot change ${changeNamesOf(change).change}: the foreign key ${name} of ${owner} does not hold for the other column: ` +
        `${detailOf(error)} Correct the row, then run the same command again.`,
      { ...phaseDetails(context, phase), foreignKey: name, owner },
      { cause: error },
    );
  }
}

/** The row of a violation. */
export function detailOf(error: unknown): string {
  const { detail, message } = error as Error & { detail?: string };
  return detail ?? message;
}
