import { once } from 'node:events';
import type { ClientConfig } from 'pg';
import type { ActiveColumnFollower } from './active-column-follower.ts';
import { jitteredPauseMs } from '../postgres/backoff.ts';
import type { ChangedColumn } from '../change/changed-column.ts';
import { describeDatabaseError } from '../postgres/database-error.ts';
import { listenForPhases } from './phase-notification.ts';
import { pause } from '../postgres/pause.ts';
import { presenceName } from './presence.ts';
import { keepsSessions } from '../postgres/session-continuity.ts';
import { Session } from '../postgres/session.ts';

/** A cut session is back within a second, and a restarted server is not asked by all processes at once. */
const BACKOFF = { shortestMs: 10, longestMs: 1_000 };

/** How long the connection may be silent before this end asks whether the server is there. */
const KEEPALIVE_IDLE_MS = 10_000;

/** What a presence is made of. */
export interface PresenceOptions {
  readonly change: ChangedColumn;
  /** Where to, as `pg` takes it, asked anew each time. */
  readonly connection: () => ClientConfig;
  /** Knows which column this process uses, and is told to look again. */
  readonly follower: ActiveColumnFollower;
  /** Receives a line when the session is lost, one when it is back, and one where none can be held. */
  readonly log: (line: string) => void;
}

/**
 * Holds one session that says which column this process uses, and that hears of every move.
 *
 * 1. Connect under the name of the form in use, so that there is no moment without it.
 * 2. Listen for moves, then read the active column: moves that were told before are missed.
 * 3. At each move read it anew; at each new form in use take its name. The follower switches first, and the old form is
 *    in use until the last request on it has ended, so a name never claims a switch that has not happened.
 * 4. When the connection is lost, pause and begin again.
 *
 * Through a pooler that shares sessions it holds none: the name would stay on a session that others use, and a process
 * that is gone would go on being seen.
 *
 * @returns ends the session; resolved once the first connection stands, or has failed, or is not to be had
 */
export async function keepPresence(options: PresenceOptions): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const firstTry = Promise.withResolvers<void>();
  const holding = holdSessions(options, stop.signal, () => firstTry.resolve());
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
      isKept ||= await keepsSessions(options.connection());
      if (!isKept) {
        options.log(
          'Through a pooler in transaction mode this process cannot say which column it uses, and hears of no move: ' +
            'it follows by its poll alone. Set DATABASE_DIRECT_URL to the server itself, so that contract sees it.',
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
    { ...connection(), keepAliveInitialDelayMillis: KEEPALIVE_IDLE_MS },
    presenceName(change, named),
  );
  // A failure is not told here: the poll, or the next request, reads again.
  const lookAgain = () => follower.refresh().catch(() => undefined);
  await session.outliveSilence();
  await listenForPhases(session, change, () => void lookAgain());
  await lookAgain();
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
