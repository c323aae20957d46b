import { startThrowawayPostgres } from '../../src/database/throwaway-postgres.ts';
import { runCommand } from '../../src/command-line/run-command.ts';
import { connect } from '../support/database-client.ts';
import { INSTALLATION_VARIABLE } from '../support/own-server.ts';
import { TEST_SERVER_SETTINGS } from '../support/server-source.ts';
import { installPostgres } from './install-postgres.ts';
import { readMatrixOptions } from './matrix-options.ts';
import { type MajorResult, matrixTable } from './matrix-table.ts';
import { OTHER_VERSIONS } from './postgres-versions.ts';
import { runSuite } from './run-suite.ts';

// npm run test:matrix: the suite against one embedded PostgreSQL after another, of every major that the package serves.

await runCommand(async (signal) => {
  const { majors, jestArguments } = readMatrixOptions(process.argv.slice(2));
  const results: MajorResult[] = [];
  try {
    for (const major of majors) results.push(await runOn(major, jestArguments, signal));
  } finally {
    if (results.length > 0) console.log(`\n${matrixTable(results)}`);
  }
  return results.every(({ suite }) => suite.isGood) ? 0 : 1;
});

async function runOn(
  major: number,
  jestArguments: readonly string[],
  signal: AbortSignal,
): Promise<MajorResult> {
  console.log(`\nPostgreSQL ${major}`);
  const version = OTHER_VERSIONS[major];
  const installation = version === undefined ? undefined : await installPostgres(version, signal);
  await using server = await startThrowawayPostgres({
    settings: TEST_SERVER_SETTINGS,
    ...(installation !== undefined && { installation }),
  });
  const serverVersion = await versionOf(server.url());
  if (Number.parseInt(serverVersion, 10) !== major) {
    throw new Error(`The server that was to be PostgreSQL ${major} is PostgreSQL ${serverVersion}.`);
  }
  const variables = { TEST_DATABASE_URL: server.url(), [INSTALLATION_VARIABLE]: installation };
  return { major, server: serverVersion, suite: await runSuite(variables, jestArguments, signal) };
}

async function versionOf(url: string): Promise<string> {
  await using client = await connect(url);
  return await client.value<string>(`select current_setting('server_version')`);
}
