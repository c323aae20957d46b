import type { Session } from '../postgres/session.ts';
import { MEANING_SETTINGS } from '../postgres/session-settings.ts';
import type { PrepareConnection, RunnerResources } from './runner-resources.ts';

/**
 * Opens a session that reads and writes texts and times, and sees rows, as the role is set to: a statement means the same as in another session.
 * @param prepare sets more for all sessions of the project
 */
export async function withOwnSettings(
  openSession: RunnerResources['openSession'],
  prepare: PrepareConnection | undefined,
): Promise<Session> {
  const session = await openSession();
  const resets = MEANING_SETTINGS.map((setting) => `reset ${setting}`);
  try {
    await session.script(resets.join('; '));
    if (prepare === undefined) return session;
    // The parts of a connection of Kysely that the hook of MikroORM uses.
    await prepare({
      executeQuery: async ({ sql, parameters }: { sql: string; parameters: readonly unknown[] }) =>
        session.query(sql, [...parameters]),
    });
    // The steps have timeouts of their own.
    await session.script(`set lock_timeout = 0; set idle_in_transaction_session_timeout = 0`);
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}
