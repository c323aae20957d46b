import { namesOf } from '../change/names.ts';
import { findKeptValues } from '../state/change-record.ts';
import { type PhaseContext, phaseDetails, PhaseRefusedError } from './phase.ts';

const NAMED_ROWS = 10;

/**
 * Refuses to revert contract if the kept old values were deleted. The conversion would silently write other texts in
 * their place.
 * @throws PhaseRefusedError that explains how to revert without them
 */
export async function refuseLostValues(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  const { change: name } = namesOf(change);
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
export async function reportUnusedKeptValues({ session, change, emit }: PhaseContext): Promise<void> {
  const { change: name, table, lastingKey } = namesOf(change);
  if (!lastingKey.lasts) return;
  const { rows } = await session.withoutStatementTimeout(() =>
    session.query<{ count: string; samples: string }>(
      `
      select count(*) as count, string_agg(k.key, ', ') filter (where k.place <= ${NAMED_ROWS}) as samples
      from (select key, row_number() over () as place from online_migration.kept_value where change = $1) as k
      where not exists (select from ${table} t where ${lastingKey.text('t')} = k.key)`,
      [name],
    ),
  );
  const { count, samples } = rows[0]!;
  if (count === '0') return;
  emit({
    type: 'unused-kept-values',
    change: name,
    count: Number(count),
    message:
      `revert contract: ${count} kept values belong to no row, such as ${samples}: these rows were deleted, or have another key ` +
      `now and got a rebuilt value. The values stay in online_migration.kept_value until expand is reverted.`,
  });
}
