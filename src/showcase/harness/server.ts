import { startThrowawayPostgres, type ThrowawayPostgres } from '../../database/throwaway-postgres.ts';

/**
 * What the server has in postgresql.conf. Commits are durable, as by default; the memory fits a small machine, and room in
 * the WAL keeps checkpoints, which are no part of the comparison, from coming in between.
 */
export const SETTINGS = { shared_buffers: '256MB', max_wal_size: '4GB' } as const;

/**
 * Starts a throwaway PostgreSQL.
 *
 * @param signal stops the server, which fails whatever statement is at work
 */
export async function startServer(signal: AbortSignal): Promise<ThrowawayPostgres> {
  const server = await startThrowawayPostgres({ settings: SETTINGS });
  // The owner's own disposal is the same one, and tells its error.
  signal.addEventListener('abort', () => void server[Symbol.asyncDispose]().then(undefined, () => {}));
  return server;
}
