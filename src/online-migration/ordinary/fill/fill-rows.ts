import { isRowError } from '../../backfill/batch/row-error.ts';
import type { BatchRows } from '../../backfill/plan/backfill-work.ts';
import { isOfPass } from '../../backfill/plan/stripes.ts';
import type { Session } from '../../postgres/session.ts';
import type { FailedRows } from './failed-rows.ts';
import { aliasOf, assignmentsOf, conditionOf, type TableFill } from './table-fill.ts';
import type { TargetTable } from './target-table.ts';

/** The rows of a fill. */
export interface RowsToFill {
  readonly fill: TableFill;
  readonly target: TargetTable;
  /** They are left out. */
  readonly failed: FailedRows;
  /** Whether a batch takes all of its rows at once, because they are few. */
  readonly isOnePass: boolean;
}

/** Some row of a statement is not filled by it, without an error of PostgreSQL. The statement is rolled back. */
class RowNotFilled extends Error {}

/** The result for rows that were filled one by one. */
export interface DoneEach {
  readonly filled: number;
  readonly failed: number;
}

/** A condition on a row, by its alias: it is to be filled, and it has not failed. */
export function isToFill({ fill, target, failed }: RowsToFill): string {
  return `${conditionOf(fill)}${failed.exclude(target.key)}`;
}

/**
 * Fills the rows of a batch in the open transaction. An `update` waits for rows that other sessions have locked, and takes their newest
 * values.
 * @returns the number of rows filled
 * @throws an error that {@link isRefusal} recognises, if a row cannot be filled
 */
export async function updateBatch(session: Session, rows: RowsToFill, batch: BatchRows): Promise<number> {
  return updated(session, rows, batch.leaf, inBatch(rows, batch), bounds(batch));
}

/** Does the same without rows that other sessions have locked. */
export async function updateUnlockedOfBatch(
  session: Session,
  rows: RowsToFill,
  batch: BatchRows,
): Promise<number> {
  const tids = await lockRows(session, rows, batch.leaf, inBatch(rows, batch), bounds(batch));
  return updateLocked(session, rows, batch.leaf, tids);
}

/** The rows of a batch, as `ctid` texts. */
export async function findRows(session: Session, rows: RowsToFill, batch: BatchRows): Promise<string[]> {
  const alias = aliasOf(rows.fill);
  const { rows: found } = await session.query<{ tid: string }>(
    `select ${alias}.ctid::text as tid from ${batch.leaf} as ${alias} where ${inBatch(rows, batch)}`,
    bounds(batch),
  );
  return found.map(({ tid }) => tid);
}

/**
 * Fills rows of which one may make the statement fail: halves them until that row is alone. It is recorded as failed.
 * @param leaf schema and name, quoted
 * @param tids the rows, as `ctid` texts; those that other sessions have locked are left out
 * @param record receives the number of rows that a transaction fills, in that transaction
 */
export async function fillEach(
  session: Session,
  rows: RowsToFill,
  leaf: string,
  tids: readonly string[],
  record: (filled: number) => Promise<void>,
): Promise<DoneEach> {
  if (tids.length === 0) return { filled: 0, failed: 0 };
  try {
    const filled = await session.transaction(async () => {
      const alias = aliasOf(rows.fill);
      const isOne = `${alias}.ctid = any ($1::tid[]) and ${isToFill(rows)}`;
      const count = await updateLocked(
        session,
        rows,
        leaf,
        await lockRows(session, rows, leaf, isOne, [tids]),
      );
      if (count > 0) await record(count);
      return count;
    });
    return { filled, failed: 0 };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (tids.length === 1)
      return { filled: 0, failed: await recordFailed(session, rows, leaf, tids[0]!, error) };
    const half = Math.ceil(tids.length / 2);
    const first = await fillEach(session, rows, leaf, tids.slice(0, half), record);
    const second = await fillEach(session, rows, leaf, tids.slice(half), record);
    return { filled: first.filled + second.filled, failed: first.failed + second.failed };
  }
}

/** Whether an error says that some row cannot be filled. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof RowNotFilled || isRowError(error);
}

async function lockRows(
  session: Session,
  { fill }: RowsToFill,
  leaf: string,
  condition: string,
  values: unknown[],
): Promise<string[]> {
  const alias = aliasOf(fill);
  const { rows } = await session.query<{ tid: string }>(
    `
    select ${alias}.ctid::text as tid from ${leaf} as ${alias} where ${condition}
    for no key update of ${alias} skip locked`,
    values,
  );
  return rows.map(({ tid }) => tid);
}

/** A new statement sees the current versions of the locked rows, even if other sessions have just written them. */
async function updateLocked(
  session: Session,
  rows: RowsToFill,
  leaf: string,
  tids: readonly string[],
): Promise<number> {
  if (tids.length === 0) return 0;
  const isLocked = `${aliasOf(rows.fill)}.ctid = any ($1::tid[])`;
  const count = await updated(session, rows, leaf, `${isLocked} and ${isToFill(rows)}`, [tids]);
  if (count === tids.length) return count;
  const alias = aliasOf(rows.fill);
  const { rows: left } = await session.query(
    `select from ${leaf} as ${alias} where ${isLocked} and ${isToFill(rows)} limit 1`,
    [tids],
  );
  if (left.length > 0)
    throw new RowNotFilled('an update leaves it as it is: a trigger that fires before it drops the update');
  return count;
}

async function updated(
  session: Session,
  { fill }: RowsToFill,
  leaf: string,
  condition: string,
  values: unknown[],
): Promise<number> {
  const { rows } = await session.query<{ filled: string; open: string }>(
    `
    with online_migration_filled as (
      update ${leaf} as ${aliasOf(fill)}
      set ${assignmentsOf(fill)}
      where ${condition}
      returning ${conditionOf(fill)} is true as is_open
    )
    select count(*) as filled, count(*) filter (where is_open) as open from online_migration_filled`,
    values,
  );
  if (Number(rows[0]!.open) > 0)
    throw new RowNotFilled(
      'it still matches `where` after the update: a trigger undoes it, or the condition has another column',
    );
  return Number(rows[0]!.filled);
}

/** @returns 1 if the row is still there and still to be filled */
async function recordFailed(
  session: Session,
  { fill, target, failed }: RowsToFill,
  leaf: string,
  tid: string,
  { message }: Error,
): Promise<number> {
  const { rows } = await session.query<{ key: string; label: string }>(
    `
    select ${target.key} as key, ${target.label} as label
    from ${leaf} as ${aliasOf(fill)}
    where ${aliasOf(fill)}.ctid = $1::tid`,
    [tid],
  );
  const [row] = rows;
  if (row === undefined) return 0;
  failed.add({ ...row, reason: message });
  return 1;
}

function inBatch(rows: RowsToFill, batch: BatchRows): string {
  const alias = aliasOf(rows.fill);
  const ofPass = rows.isOnePass ? '' : `and ${isOfPass(alias, batch)} `;
  return `${alias}.ctid >= $1::tid and ${alias}.ctid < $2::tid ${ofPass}and ${isToFill(rows)}`;
}

function bounds({ firstBlock, endBlock }: BatchRows): string[] {
  return [`(${firstBlock},0)`, `(${endBlock},0)`];
}
