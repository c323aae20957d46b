import { expect } from '@jest/globals';
import type { ChangedColumn } from '../../src/online-migration/change/changed-column.ts';
import { textToTimestamptz } from '../../src/online-migration/conversions/text-to-timestamptz.ts';
import { DEFAULT_SETTINGS } from '../../src/online-migration/phases/settings.ts';
import { backfill } from '../../src/online-migration/phases/backfill.ts';
import { expand } from '../../src/online-migration/phases/expand.ts';
import type { MoveContext } from '../../src/online-migration/phases/phase.ts';
import { Session } from '../../src/online-migration/postgres/session.ts';
import type { DatabaseClient } from './database-client.ts';

/** SQL of a timestamp text for the number `n`. */
export const MOMENT = `to_char(timestamp '2024-01-01 10:00:00' + n * interval '1 second', 'YYYY-MM-DD HH24:MI:SS')`;

/** The column change of the table `event`. Each test creates the table, with `id` and `at`. */
export const eventChange: ChangedColumn = {
  table: { schema: 'public', name: 'event' },
  key: 'id',
  oldColumn: { name: 'at', type: 'varchar(50)' },
  newColumn: { name: 'at_new', type: 'timestamptz' },
  conversion: textToTimestamptz,
};

/**
 * Expands `event` if necessary, and fills its new column.
 * @returns the log of the phases
 */
export async function fillEventTable(
  url: string,
  change: ChangedColumn = eventChange,
  { isExpanded = false, workers = 1 } = {},
): Promise<string[]> {
  const log: string[] = [];
  const openSession = () => Session.open({ connectionString: url }, 'online-migration test');
  await using session = await openSession();
  const context: MoveContext = {
    change,
    session,
    openSession,
    settings: { ...DEFAULT_SETTINGS, backfill: { ...DEFAULT_SETTINGS.backfill, workers } },
    emit: ({ message }) => {
      if (message !== undefined) log.push(message);
    },
    signal: new AbortController().signal,
    ledger: 'mikro-orm',
    recordInLedger: async () => undefined,
  };
  if (!isExpanded) await expand(context);
  await backfill(context);
  return log;
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
