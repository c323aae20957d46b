import { once } from 'node:events';
import type { ClientConfig } from 'pg';
import type { ActiveColumnFollower } from './active-column-follower.ts';
import { jitteredPauseMs, pause } from '../postgres/pause.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { describeDatabaseError } from '../postgres/database-error.ts';
import { listenForPhases } from './phase-notification.ts';
import { presenceName } from './presence.ts';
import { keepsSessions } from '../postgres/session-continuity.ts';
import { Session } from '../postgres/session.ts';

/** A lost session reconnects within a second, and not all processes connect to a restarted server at once. */
const BACKOFF = { shortestMs: 10, longestMs: 1_000 };

/** Longest wait for a connection and for an answer: a server that never answers must not hold up the process. */
const PATIENCE_MS = 10_000;

/** How long the connection may be silent before the client checks whether the server still exists. */
const KEEPALIVE_IDLE_MS = 10_000;

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
 * Through a pooler that shares sessions, it holds none. The name would stay on a session that others use, and a dead
 * process would still appear.
 *
 * @returns ends the session; resolves when the first connection is open, has failed or is impossible
 */
export async function keepPresence(options: PresenceOptions): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const firstTry = Promise.withResolvers<void>();
  const log = (line: string) => {
    try {
      options.log(line);
    } catch (error) {
      process.emitWarning(`The log of the presence session failed; the session is kept. ${String(error)}`);
    }
  };
  const holding = holdSessions({ ...options, log }, stop.signal, () => firstTry.resolve());
  await firstTry.promise;
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await holding;
    },
  };
}

async function holdSessions(options: PresenceOptions, stop: AbortSignal, tried: () => void): Promise<void> {
  let isKept = false;
  for (let failures = 0; !stop.aborted;) {
    try {
      isKept ||= await keepsSessions(options.connection(), stop);
      if (!isKept) {
        options.log(
          'Through a pooler in transaction mode this process cannot declare its column and receives no notifications: ' +
            'it follows by polling only. Connect to the server itself (DATABASE_DIRECT_URL in the application template), so that contract sees it.',
        );
        tried();
        return;
      }
      await holdSession(options, stop, () => {
        if (failures > 0) options.log('The presence session is back.');
        failures = 0;
        tried();
      });
    } catch (error) {
      if (stop.aborted) return;
      if (failures === 0) options.log(`The presence session is lost: ${describeDatabaseError(error)}`);
      failures += 1;
      tried();
      await pause(jitteredPauseMs(failures, BACKOFF), stop).catch(() => undefined);
    }
  }
}

/** @throws the reason for which the session ended */
async function holdSession(
  { change, connection, follower }: PresenceOptions,
  stop: AbortSignal,
  opened: () => void,
): Promise<never> {
  let named = follower.formInUse;
  await using session = await Session.open(
    {
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: PATIENCE_MS,
      ...connection(),
      keepAliveInitialDelayMillis: KEEPALIVE_IDLE_MS,
    },
    presenceName(change, named),
  );
  // A failure is not reported here: the poll or the next request reads again.
  const readAgain = () => follower.refresh().catch(() => undefined);
  await session.outliveSilence();
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
}
