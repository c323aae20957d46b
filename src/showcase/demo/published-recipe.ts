import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, connect } from '../harness/connection.ts';
import type { Step } from '../harness/steps.ts';
import type { Timeline } from '../harness/timeline.ts';
import { underExclusiveLock } from './exclusive-lock.ts';
import { addNewColumn, updateUnfilledRows } from '../harness/update-statements.ts';

const BATCH_ROWS = 10_000;
/** How long the old application runs until its next release, in milliseconds. */
const UNTIL_RELEASE_MS = 3_000;

/** Until its next release, the recipe's application uses only the old column. */
export const RECIPE_SETTINGS = { ACTIVE_COLUMN: 'created_at' } as const;

/**
 * The recipe of common guides, without a trigger between the columns:
 *
 * 1. Add a nullable column.
 * 2. Fill it in batches of `IN (SELECT … WHERE new IS NULL LIMIT 10000)`.
 * 3. In one transaction, set a default for rows added meanwhile, set NOT NULL, and drop the default. Migrations of web
 *    frameworks do the same.
 * 4. The application uses the old column until its next release.
 *
 * @param url the database
 * @param timeline records the locks
 * @param signal stops it between two batches
 */
export function recipeSteps(url: string, timeline: Timeline, signal: AbortSignal): Step[] {
  const connected = (work: (connection: Connection) => Promise<unknown>) => async () => {
    await using connection = await connect(url);
    await work(connection);
  };
  return [
    {
      name: 'add nullable column',
      run: connected((connection) =>
        underExclusiveLock(connection, timeline, 'add column', () => addNewColumn(connection)),
      ),
    },
    {
      name: 'IN … LIMIT batches',
      run: connected((connection) =>
        timeline.locked({ purpose: 'batches', mode: 'ROW EXCLUSIVE' }, async () => {
          while ((await updateUnfilledRows(connection, BATCH_ROWS)) > 0) signal.throwIfAborted();
        }),
      ),
    },
    { name: 'default, NOT NULL', run: connected((connection) => setNotNull(connection, timeline)) },
    { name: 'until the release', run: () => delay(UNTIL_RELEASE_MS, undefined, { signal }) },
  ];
}

async function setNotNull(connection: Connection, timeline: Timeline): Promise<void> {
  await underExclusiveLock(connection, timeline, 'set not null', async () => {
    await connection.query(`alter table public.large_record alter column created_at_new set default now()`);
    await connection.query(
      `update public.large_record set created_at_new = now() where created_at_new is null`,
    );
    await connection.query(`alter table public.large_record alter column created_at_new set not null`);
    await connection.query(`alter table public.large_record alter column created_at_new drop default`);
  });
}
