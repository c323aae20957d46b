import { randomUUID } from 'node:crypto';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { BackfillIdentity } from './backfill-work.ts';
import { type Range, rangeOf, type RangeRow } from './plan.ts';
import { STRIPES } from './stripes.ts';
import { processName } from './worker-name.ts';

/** A range that belongs to one worker until another one takes it. */
export interface ClaimedRange extends Range {
  /** Identifies the worker's process and this claim. */
  readonly claim: string;
}

/** Another worker has taken the range, so this worker's batch must be rolled back. */
export class RangeTakenError extends OnlineMigrationError {
  override readonly name = 'RangeTakenError';

  /** @param range the lost range */
  constructor({ leaf, firstBlock }: Range) {
    super(
      'RANGE_TAKEN',
      `Another worker has taken the range of ${leaf} that begins at block ${firstBlock}.`,
      { leaf, firstBlock },
    );
  }
}

/**
 * Takes a range, even from another worker. Whether that worker is dead or not, only one of the two can write the
 * range's checkpoint from now on, and so commit a batch.
 * @returns the current range; null if it is finished, or if another backfill has replaced this one
 */
export async function claimRange(
  database: Queryable,
  fill: BackfillIdentity,
  { leaf, firstBlock }: Pick<Range, 'leaf' | 'firstBlock'>,
): Promise<ClaimedRange | null> {
  const claim = `${processName()}/${randomUUID()}`;
  const { rows } = await database.query<RangeRow>(
    `
    update online_migration.backfill_range r
    set claimed_by = $5
    from online_migration.backfill b
    where b.change = $1 and b.direction = $2
      and r.change = b.change and r.leaf = $3 and r.first_block = $4 and r.stripe < ${STRIPES}
    returning r.leaf, r.first_block, r.end_block, r.stripe, r.next_block, r.rows_per_block`,
    [fill.names.change, fill.direction, leaf, firstBlock, claim],
  );
  const row = rows[0];
  return row === undefined ? null : { ...rangeOf(row), claim };
}
