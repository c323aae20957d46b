import type { ClientConfig } from 'pg';
import { describeDatabaseError } from '../postgres/database-error.ts';
import { jitteredPauseMs, pause } from '../postgres/pause.ts';
import { keepsSessions } from '../postgres/session-continuity.ts';
import { Session } from '../postgres/session.ts';

/** A lost session reconnects within a second, and not all processes connect to a restarted server at once. */
const BACKOFF = { shortestMs: 10, longestMs: 1_000 };

/** Longest wait for a connection and for an answer: a server that never answers must not hold up the process. */
const PATIENCE_MS = 10_000;

/** How long the connection may be silent before the client checks whether the server still exists. */
const KEEPALIVE_IDLE_MS = 10_000;

/** The inputs of a session that is kept as long as the process lives. */
export interface KeptSessionOptions {
  /** The address, as `pg` accepts it, requested before each connection. */
  readonly connection: () => ClientConfig;
  /** Receives a line when the session is lost, when it is back, and if no session can be held. It may throw. */
  readonly log: (line: string) => void;
  /** The application name of the session. */
  readonly name: () => string;
  /** The line if a pooler shares sessions. */
  readonly withoutSession: string;
  /**
   * Uses an open session until it ends or is stopped.
   * @param opened is called as soon as the session is ready
   * @throws the reason for which the session ended
   */
  readonly use: (session: Session, stop: AbortSignal, opened: () => void) => Promise<never>;
}

/**
 * Keeps one session. When its connection is lost, it pauses and connects again. Through a pooler that shares sessions, it
 * holds none: the name would stay on a session that others use, and a dead process would still appear.
 *
 * @returns ends the session; resolves when the first connection is open, has failed or is impossible
 */
export async function keepSession(options: KeptSessionOptions): Promise<AsyncDisposable> {
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

async function holdSessions(
  options: KeptSessionOptions,
  stop: AbortSignal,
  tried: () => void,
): Promise<void> {
  const { connection, log, name, withoutSession, use } = options;
  let isKept = false;
  for (let failures = 0; !stop.aborted;) {
    try {
      isKept ||= await keepsSessions(connection(), stop);
      if (!isKept) {
        log(withoutSession);
        tried();
        return;
      }
      await using session = await Session.open(
        {
          connectionTimeoutMillis: PATIENCE_MS,
          query_timeout: PATIENCE_MS,
          ...connection(),
          keepAliveInitialDelayMillis: KEEPALIVE_IDLE_MS,
        },
        name(),
      );
      await session.outliveSilence();
      await use(session, stop, () => {
        if (failures > 0) log('The presence session is back.');
        failures = 0;
        tried();
      });
    } catch (error) {
      if (stop.aborted) return;
      if (failures === 0) log(`The presence session is lost: ${describeDatabaseError(error)}`);
      failures += 1;
      tried();
      await pause(jitteredPauseMs(failures, BACKOFF), stop).catch(() => undefined);
    }
  }
}
