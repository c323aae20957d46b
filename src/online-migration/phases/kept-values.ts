import { escapeLiteral } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf, recordsOf } from '../change/names.ts';
import { type Obstacle, obstacle } from '../change/obstacle.ts';
import { findKeptValues, hasKeptValues } from '../state/change-record.ts';
import type { PhaseContext } from './phase.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';

const NAMED_ROWS = 10;

/**
 * Refuses to revert contract if the kept old values were deleted. The conversion would silently write other texts in
 * their place.
 * @throws PhaseRefusedError that explains how to revert without them
 */
export async function refuseLostValues(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  const { change: name } = changeNamesOf(change);
  const accepted = `kept values of ${name}`;
  if ((await findKeptValues(session, change)) !== 'gone' || change.reviewed?.includes(accepted)) return;
  throw new PhaseRefusedError(
    'KEPT_VALUES_LOST',
    `Cannot revert the contract of ${name}; nothing was changed: the record of the change in online_migration is gone, and with ` +
      `it the old values that cannot be rebuilt from the new ones. Restore the schema online_migration from a backup. To go ` +
      `back without them, add ${JSON.stringify(accepted)} to \`reviewed\` in the declaration.`,
    { ...phaseDetails(context, 'revert the contract of'), reviewed: accepted },
  );
}

/**
 * Reports how many kept values have no row: the row's key was changed after contract. These values remain until
 * expand is reverted.
 */
export async function reportUnusedKeptValues(context: PhaseContext): Promise<void> {
  const { emit, change } = context;
  if (!changeNamesOf(change).lastingKey.lasts) return;
  const { count, samples } = await findUnused(context);
  if (count === 0) return;
  emit({
    type: 'unused-kept-values',
    change: changeNamesOf(change).change,
    count,
    message:
      `revert contract: ${count} kept values belong to no row, such as ${samples}: these rows were deleted, or have another key ` +
      `now and got a rebuilt value. The values stay in online_migration.kept_value until expand is reverted.`,
  });
}

/**
 * Finds the reason why reverting expand would delete kept values for ever: they belong to no row, so no row has got
 * its text back. Rows may have been deleted, or their key was changed.
 */
export async function unusedKeptValueObstacles(context: PhaseContext): Promise<Obstacle[]> {
  const { session, change } = context;
  const { change: name } = changeNamesOf(change);
  const accepted = `unused kept values of ${name}`;
  if (change.reviewed?.includes(accepted) || !(await hasAnyKeptValues(session, change))) return [];
  const { count, samples } = await findUnused(context);
  if (count === 0) return [];
  const query = `select k.key, k.raw_value ${unused(change, `array[${recordsOf(change).map(escapeLiteral).join(', ')}]`)}`;
  return [
    obstacle(
      'KEPT_VALUES_UNUSED',
      `${count} kept old values belong to no row, such as ${samples}: these rows were deleted or got another key, and the ` +
        `values would be deleted. Look at them: \`${query}\`. To delete them, add ${JSON.stringify(accepted)} to ` +
        `\`reviewed\` in the declaration.`,
      { name, count, query, reviewed: accepted },
    ),
  ];
}

async function hasAnyKeptValues(database: Queryable, change: ColumnChange): Promise<boolean> {
  for (const record of recordsOf(change)) if (await hasKeptValues(database, record)) return true;
  return false;
}

async function findUnused({
  session,
  change,
}: PhaseContext): Promise<{ count: number; samples: string | null }> {
  const { rows } = await session.withoutStatementTimeout(() =>
    session.query<{ count: string; samples: string | null }>(
      `
      with unused as (
        select k.key, row_number() over () as place ${unused(change, '$1')}
      )
      select count(*) as count, string_agg(key, ', ' order by place) filter (where place <= ${NAMED_ROWS}) as samples
      from unused`,
      [recordsOf(change)],
    ),
  );
  const { count, samples } = rows[0]!;
  return { count: Number(count), samples };
}

/**
 * The kept values without a row, from `from` on. Without a key, no value has one.
 * @param records SQL of an array of the columns' records
 */
function unused(change: ColumnChange, records: string): string {
  const { table, lastingKey } = changeNamesOf(change);
  const isUsed = `exists (select from ${table} t where ${lastingKey.text('t')} = k.key)`;
  return `from online_migration.kept_value k where k.change = any (${records})${lastingKey.lasts ? ` and not ${isUsed}` : ''}`;
}
