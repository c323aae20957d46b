import { startThrowawayPostgres, type ThrowawayPostgres } from '../../database/throwaway-postgres.ts';

/**
 * Settings of the server. Commits are durable, as by default. The memory fits a small machine, and enough WAL space
 * keeps checkpoints out of the comparison. WAL files are used again, as on a server that has run for a while: a new one is written twice.
 */
export const SETTINGS = { shared_buffers: '256MB', max_wal_size: '4GB', min_wal_size: '4GB' } as const;

/**
 * Starts a throwaway PostgreSQL.
 *
 * @param signal stops the server; a running statement then fails
 * @param settings in addition to {@link SETTINGS}, or in their place
 */
export async function startServer(
  signal: AbortSignal,
  settings: Readonly<Record<string, string>> = {},
): Promise<ThrowawayPostgres> {
  const server = await startThrowawayPostgres({ settings: { ...SETTINGS, ...settings } });
  // The owner's disposal is the same promise and reports its error.
  signal.addEventListener('abort', () => void server[Symbol.asyncDispose]().then(undefined, () => {}));
  return server;
}
