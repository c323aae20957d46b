import { expect } from '@jest/globals';
import type { ColumnChange } from '../../src/online-migration/change/column-change.ts';
import { backfill } from '../../src/online-migration/phases/backfill.ts';
import { expand } from '../../src/online-migration/phases/expand.ts';
import { openContext } from './change-cycle.ts';
import type { DatabaseClient } from './database-client.ts';
import { eventChange } from './event-change.ts';

/** SQL of a timestamp text for the number `n`. */
export const MOMENT = `to_char(timestamp '2024-01-01 10:00:00' + n * interval '1 second', 'YYYY-MM-DD HH24:MI:SS')`;

/** Fills the table of the event project, at its first stage, with rows one second apart. */
export async function insertEvents(client: DatabaseClient, rows: number): Promise<void> {
  await client.rows(
    `
    insert into event (name, at)
    select 'Event ' || n, to_char(timestamp '2024-01-01 10:00:00' + (n - 1) * interval '1 second', 'YYYY-MM-DD HH24:MI:SS')
    from generate_series(1, $1::int) as n`,
    [rows],
  );
  await client.rows(`analyze event`);
}

/**
 * Expands `event` if necessary, and fills its new column.
 * @returns the log of the phases
 */
export async function fillEventTable(
  url: string,
  change: ColumnChange = eventChange,
  { isExpanded = false, workers = 1 } = {},
): Promise<readonly string[]> {
  await using context = await openContext(url, change);
  if (!isExpanded) await expand(context);
  const { settings } = context;
  await backfill({ ...context, settings: { ...settings, backfill: { ...settings.backfill, workers } } });
  return context.lines;
}

/** Expects every row to have its timestamp, and the backfill to have counted each row once. */
export async function expectAllFilled(client: DatabaseClient, rows: number): Promise<void> {
  const [counts] = await client.rows(`
    select count(*)::int as rows,
      count(*) filter (where at_new = at::timestamp at time zone 'UTC')::int as right,
      (select coalesce(sum(rows_filled), 0)::int from online_migration.backfill_range)
        + (select rows_swept::int from online_migration.backfill) as counted
    from event`);
  expect(counts).toEqual({ rows, right: rows, counted: rows });
}
