import { expect } from '@jest/globals';
import { changedColumnOf } from '../../src/online-migration/change/changed-column.ts';
import type { ColumnChange } from '../../src/online-migration/change/column-change.ts';
import { textToTimestamptz } from '../../src/online-migration/conversions/text-to-timestamptz.ts';
import { backfill } from '../../src/online-migration/phases/backfill.ts';
import { expand } from '../../src/online-migration/phases/expand.ts';
import { openContext } from './change-cycle.ts';
import { changeOf } from './change-of.ts';
import type { DatabaseClient } from './database-client.ts';

/** SQL of a text that is a moment, for the number `n`. */
export const MOMENT = `to_char(timestamp '2024-01-01 10:00:00' + n * interval '1 second', 'YYYY-MM-DD HH24:MI:SS')`;

/** The column change of the table `event`, which a test makes as it needs it, with `id` and `at`. */
export const eventChange = changeOf('event.at', {
  from: 'varchar(50)',
  to: 'timestamptz',
  conversion: textToTimestamptz,
});

/** Its column, for statements on it. */
export const eventColumn = changedColumnOf(eventChange);

/**
 * Expands `event`, unless that is done, and fills its new column.
 * @returns what the moves logged
 */
export async function fillEventTable(
  url: string,
  change: ColumnChange = eventChange,
  { isExpanded = false, workers = 1 } = {},
): Promise<string[]> {
  await using context = await openContext(url, change);
  if (!isExpanded) await expand(context);
  const { settings } = context;
  await backfill({ ...context, settings: { ...settings, backfill: { ...settings.backfill, workers } } });
  return context.lines;
}

/** Every row has its moment, and the backfill has counted each once. */
export async function expectAllFilled(client: DatabaseClient, rows: number): Promise<void> {
  const [counts] = await client.rows(`
    select count(*)::int as rows,
      count(*) filter (where at_new = at::timestamp at time zone 'UTC')::int as right,
      (select coalesce(sum(rows_filled), 0)::int from online_migration.backfill_range)
        + (select rows_swept::int from online_migration.backfill) as counted
    from event`);
  expect(counts).toEqual({ rows, right: rows, counted: rows });
}
