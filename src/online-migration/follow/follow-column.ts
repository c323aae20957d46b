import type { ClientConfig } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { clientConfigOf } from '../postgres/client-config.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { ActiveColumnFollower } from './active-column-follower.ts';
import { pollActiveColumn } from './active-column-poll.ts';
import { keepPresence } from './presence-session.ts';
import { poolNameOf } from './presence.ts';

const DEFAULT_POLL_MS = 1_000;

/** Options of {@link followColumn}. */
export interface FollowOptions {
  readonly change: ColumnChange;
  /** Reads the catalog; the application's pool. Name its sessions with {@link poolName}. */
  readonly pool: Queryable;
  /**
   * Opens one more session, which declares the column in use and listens for phases: a URL, or a function that is
   * called before each connection. If there is a transaction pooler, connect past it. Without it,
   * the follower only polls, as for a replica, which forwards no notifications.
   */
  readonly connection?: string | (() => ClientConfig);
  /** Receives a line when that session is lost, and when it is back. */
  readonly log: (line: string) => void;
  /**
   * Pause between two readings of the catalog in milliseconds, in case a notification does not arrive; 1,000 by
   * default.
   */
  readonly pollMs?: number | undefined;
  /**
   * Name of a column to keep using as long as it has a value in every row; by default none. All columns of a change switch
   * together, so the name of any of them serves.
   */
  readonly pinnedColumn?: string | undefined;
}

/** The follower of a change's active column; disposing of it ends its session and its poll. */
export type ColumnFollower = ActiveColumnFollower & AsyncDisposable;

/**
 * Follows the active column of a change.
 *
 * 1. A dedicated session listens for phases, and declares to contract which column this process uses.
 * 2. A poll reads the catalog, in case notifications do not arrive, as through a transaction pooler.
 * 3. If a unit of work meets a changed table, it reads the catalog and runs again: `follower.run((active) => …)`.
 *
 * @returns the follower, when its session is connected or cannot be connected now
 * @throws UnknownColumnError if `pinnedColumn` is not a column of the change
 */
export async function followColumn({
  change,
  pool,
  connection,
  log,
  pollMs = DEFAULT_POLL_MS,
  pinnedColumn,
}: FollowOptions): Promise<ColumnFollower> {
  const follower = new ActiveColumnFollower(change, pool, pinnedColumn);
  const connect = typeof connection === 'string' ? () => clientConfigOf(connection) : connection;
  const presence =
    connect === undefined ? undefined : await keepPresence({ change, connection: connect, follower, log });
  const poll = pollActiveColumn(follower, pollMs);
  return Object.assign(follower, {
    [Symbol.asyncDispose]: async () => {
      poll[Symbol.dispose]();
      await presence?.[Symbol.asyncDispose]();
    },
  });
}

/**
 * The application name for sessions of the application's pool. Contract uses it to distinguish them from sessions of
 * processes that do not follow.
 */
export function poolName(change: ColumnChange): string {
  return poolNameOf(change);
}
