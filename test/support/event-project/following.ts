import { Pool } from 'pg';
import { ActiveColumnFollower } from '../../../src/online-migration/follow/active-column-follower.ts';
import { pollActiveColumn } from '../../../src/online-migration/follow/active-column-poll.ts';
import { keepPresence } from '../../../src/online-migration/follow/presence-session.ts';
import { poolNameOf } from '../../../src/online-migration/follow/presence.ts';
import { eventColumn } from '../event-change.ts';

const POLL_MS = 1_000;

/** An application that follows the active column of `event`, without any requests. */
export interface FollowingApplication extends AsyncDisposable {
  readonly follower: ActiveColumnFollower;
}

/**
 * Starts an application in this process: its pool, its presence session and its poll.
 * @param pinned a column to stay on
 */
export async function followEvents(url: string, pinned?: string): Promise<FollowingApplication> {
  await using resources = new AsyncDisposableStack();
  const pool = new Pool({ connectionString: url, application_name: poolNameOf(eventColumn) });
  pool.on('error', () => undefined);
  resources.defer(() => pool.end());
  const follower = new ActiveColumnFollower(eventColumn, pool, pinned);
  const connection = () => ({ connectionString: url });
  resources.use(await keepPresence({ change: eventColumn, connection, follower, log: () => undefined }));
  resources.use(pollActiveColumn(follower, POLL_MS));
  const owned = resources.move();
  return { follower, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
