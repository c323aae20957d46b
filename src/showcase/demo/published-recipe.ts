import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, connect } from '../harness/connection.ts';
import type { Step } from '../harness/steps.ts';
import type { Timeline } from '../harness/timeline.ts';
import { underExclusiveLock } from './exclusive-lock.ts';
import { addNewColumn, updateUnfilledRows } from '../harness/update-statements.ts';

const BATCH_ROWS = 10_000;
/** How long the old application goes on until its next release is out, in milliseconds. */
const UNTIL_RELEASE_MS = 3_000;

/** The application of the recipe knows the old column alone, until its next release. */
export const RECIPE_SETTINGS = { ACTIVE_COLUMN: 'created_at' } as const;

/**
 * The recipe that guides give, with no trigger between the two columns:
 *
 * 1. Add a nullable column.
 * 2. Fill it in batches of `IN (SELECT … WHERE new IS NULL LIMIT 10000)`.
 * 3. ONE transaction: a default for the rows that have come meanwhile, NOT NULL, and the default away, as the migrations of
 *    web frameworks do it.
 * 4. The application goes on with the old column until it is released anew.
 *
 * @param url the database
 * @param timeline notes the locks
 * @param signal ends it between two batches
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
