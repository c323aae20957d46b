import type { Session } from '../postgres/session.ts';
import type { OutsideOfTransaction } from './planning/step.ts';

/**
 * Runs a step that cannot be in a transaction. The catalog tells whether an interrupted run has done it.
 * @param hasBegun whether an earlier run began the step and did not record its end
 */
export async function runOutside(
  session: Session,
  step: OutsideOfTransaction,
  hasBegun: boolean,
): Promise<void> {
  const [statement] = step.statements;
  switch (step.kind) {
    case 'build-index':
      return buildIndex(session, statement, step.index, hasBegun);
    case 'drop-index':
      return dropIndex(session, statement, step.index, hasBegun);
    case 'detach-partition':
      return detachPartition(session, step, hasBegun);
    case 'reindex':
      return rebuildIndexes(session, statement, step.table);
    case 'outside':
      return session.runUnlimited(statement);
  }
}

/** An INVALID index of the name is left from a build that failed, here or elsewhere. */
async function buildIndex(
  session: Session,
  statement: string,
  index: string,
  hasBegun: boolean,
): Promise<void> {
  const isValid = await readIndex(session, index);
  if (isValid === true && hasBegun) return;
  if (isValid === false) await session.runUnlimited(`drop index concurrently ${index}`);
  try {
    await session.runUnlimited(statement);
  } catch (error) {
    if ((await readIndex(session, index)) === false)
      await session.runUnlimited(`drop index concurrently ${index}`);
    throw error;
  }
}

async function dropIndex(
  session: Session,
  statement: string,
  index: string,
  hasBegun: boolean,
): Promise<void> {
  if (hasBegun && (await readIndex(session, index)) === null) return;
  await session.runUnlimited(statement);
}

/** An interrupted one is pending: the partition is not read any more, and is still attached. */
async function detachPartition(
  session: Session,
  { statements, parent, partition }: Extract<OutsideOfTransaction, { kind: 'detach-partition' }>,
  hasBegun: boolean,
): Promise<void> {
  const { rows } = await session.query<{ isPending: boolean }>(
    `
    select inhdetachpending as "isPending" from pg_catalog.pg_inherits
    where inhparent = to_regclass($1) and inhrelid = to_regclass($2)`,
    [parent, partition],
  );
  if (rows[0]?.isPending === true)
    return session.runUnlimited(`alter table ${parent} detach partition ${partition} finalize`);
  if (hasBegun && rows.length === 0) return;
  await session.runUnlimited(statements[0]);
}

async function rebuildIndexes(session: Session, statement: string, table: string): Promise<void> {
  await dropUnfinished(session, table);
  try {
    await session.runUnlimited(statement);
  } finally {
    if (!session.lost.aborted) await dropUnfinished(session, table);
  }
}

/** PostgreSQL leaves the new or the old index of an interrupted `reindex`, INVALID. */
async function dropUnfinished(session: Session, table: string): Promise<void> {
  const { rows } = await session.query<{ name: string }>(
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
  for (const { name } of rows) await session.runUnlimited(`drop index concurrently ${name}`);
}

/** Whether an index is valid; null if it does not exist. */
export async function readIndex(session: Session, index: string): Promise<boolean | null> {
  const { rows } = await session.query<{ valid: boolean }>(
    `select indisvalid as valid from pg_catalog.pg_index where indexrelid = to_regclass($1)`,
    [index],
  );
  return rows[0]?.valid ?? null;
}
