import { once } from 'node:events';
import type { ClientConfig } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import type { ActiveColumnFollower } from './active-column-follower.ts';
import { keepSession } from './kept-session.ts';
import { listenForPhases } from './phase-notification.ts';
import { presenceName } from './presence.ts';

/** The inputs of a presence. */
export interface PresenceOptions {
  readonly change: ColumnChange;
  /** The address, as `pg` accepts it, requested before each connection. */
  readonly connection: () => ClientConfig;
  /** Holds the form in use; is asked to read the active column again. */
  readonly follower: ActiveColumnFollower;
  /** Receives a line when the session is lost, when it is back, and if no session can be held. It may throw. */
  readonly log: (line: string) => void;
}

/**
 * Holds one session that declares the column in use, and that listens for phases.
 *
 * 1. Connect under the name of the form in use, so that the form is declared from the start.
 * 2. Listen for phases, then read the active column, because earlier notifications were missed.
 * 3. Read it again after each phase. When the form in use changes, change the session's name. The follower switches
 *    first, and the old form is in use until its last request has ended, so the name never claims a switch too early.
 * 4. When the connection is lost, pause and start again.
 *
 * @returns ends the session; resolves when the first connection is open, has failed or is impossible
 */
export function keepPresence({
  change,
  connection,
  follower,
  log,
}: PresenceOptions): Promise<AsyncDisposable> {
  let named = follower.formInUse;
  // A failure is not reported here: the poll or the next request reads again.
  const readAgain = () => follower.refresh().catch(() => undefined);
  return keepSession({
    connection,
    log,
    name: () => {
      named = follower.formInUse;
      return presenceName(change, named);
    },
    withoutSession:
      'Through a pooler in transaction mode this process cannot declare its column and receives no notifications: ' +
      'it follows by polling only. Connect to the server itself (DATABASE_DIRECT_URL in the application template), so that contract sees it.',
    use: async (session, stop, opened) => {
      await listenForPhases(session, change, () => void readAgain());
      await readAgain();
      const end = AbortSignal.any([stop, session.lost]);
      for (let isOpened = false; ; isOpened = true) {
        while (follower.formInUse !== named) {
          named = follower.formInUse;
          await session.setApplicationName(presenceName(change, named));
        }
        if (!isOpened) opened();
        await once(follower, 'formInUse', { signal: end }).catch(() => end.throwIfAborted());
      }
    },
  });
}
