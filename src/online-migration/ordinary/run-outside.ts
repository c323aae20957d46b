import { lockBesideTraffic } from '../postgres/autovacuum-patience.ts';
import type { LockMode } from '../postgres/lock-blockers.ts';
import { untilLocked } from '../postgres/lock-retries.ts';
import type { Session } from '../postgres/session.ts';
import { detachPartition, type OutsideRun } from './detach-partition.ts';
import type { OutsideOfTransaction } from './planning/step.ts';

/** How long the INVALID index of an interrupted build may take to drop, in milliseconds. */
const INTERRUPTED_DROP_MS = 2_000;

/** Runs a step that cannot be in a transaction. The catalog tells whether an interrupted run has done it. */
export async function runOutside(run: OutsideRun, step: OutsideOfTransaction): Promise<void> {
  const { session, hasBegun } = run;
  const [statement] = step.statements;
  switch (step.kind) {
    case 'build-index':
      return buildIndex(run, statement, step.index);
    case 'drop-index':
      return dropIndex(session, statement, step.index, hasBegun);
    case 'detach-partition':
      return detachPartition(run, step);
    case 'reindex':
      return rebuildIndexes(run, statement, step.table);
    case 'outside':
      if (step.lock === null) return session.runUnlimited(statement);
      return runUntilLocked(run, statement, step.relations, 'access exclusive');
  }
}

/** An INVALID index of the name is left from a build that failed, here or elsewhere. */
async function buildIndex(run: OutsideRun, statement: string, index: string): Promise<void> {
  const { session, hasBegun } = run;
  const isValid = await readIndex(session, index);
  if (isValid === true && hasBegun) return;
  if (isValid === false) await dropInvalid(run, index);
  try {
    await session.runUnlimited(statement);
  } catch (error) {
    if (!session.lost.aborted && (await readIndex(session, index)) === false) await dropInvalid(run, index);
    throw error;
  }
}

async function dropInvalid({ session, signal }: OutsideRun, index: string): Promise<void> {
  const drop = `drop index concurrently if exists ${index}`;
  if (!signal.aborted) return session.runUnlimited(drop);
  // If others use the table for longer, the next run drops it.
  await session.runWithin(drop, INTERRUPTED_DROP_MS).catch(() => undefined);
}

async function dropIndex(
  session: Session,
  statement: string,
  index: string,
  hasBegun: boolean,
): Promise<void> {
  const isDone = async () => hasBegun && (await readIndex(session, index)) === null;
  if (await isDone()) return;
  try {
    await session.runUnlimited(statement);
  } catch (error) {
    // The server may have gone on with the statement of a killed run.
    if (!session.lost.aborted && (await isDone())) return;
    throw error;
  }
}

/** Another try of a statement whose lock was not granted. */
async function runUntilLocked(
  run: OutsideRun,
  statement: string,
  relations: readonly string[],
  mode: LockMode,
): Promise<void> {
  const { session, settings } = run;
  await untilLocked(session, run, async (leftMs, waitsFor, number) => {
    waitsFor({ relations, mode, timeoutMs: settings.lockTimeoutMs });
    if (number > 1) await session.transaction(() => lockBesideTraffic(session, relations, leftMs));
    await session.runUnlimited(statement, settings.lockTimeoutMs);
  });
}

async function rebuildIndexes(run: OutsideRun, statement: string, table: string): Promise<void> {
  const { session } = run;
  await dropUnfinished(run, table);
  try {
    await session.runUnlimited(statement);
  } finally {
    if (!session.lost.aborted) await dropUnfinished(run, table);
  }
}

/** PostgreSQL leaves the new or the old index of an interrupted `reindex`, INVALID. */
async function dropUnfinished(run: OutsideRun, table: string): Promise<void> {
  const { rows } = await run.session.query<{ name: string }>(
    `
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where not i.indisvalid and c.relname ~ '_cc(new|old)[0-9]*$' and (
      i.indrelid = to_regclass($1) or i.indrelid in (select relid from pg_partition_tree(to_regclass($1)))
    )`,
    [table],
  );
  for (const { name } of rows) await dropInvalid(run, name);
}

/** Whether an index is valid; null if it does not exist. */
export async function readIndex(session: Session, index: string): Promise<boolean | null> {
  const { rows } = await session.query<{ valid: boolean }>(
    `select indisvalid as valid from pg_catalog.pg_index where indexrelid = to_regclass($1)`,
    [index],
  );
  return rows[0]?.valid ?? null;
}
