import { readConfig } from '../config.ts';
import { stopEmbeddedPostgres } from '../database/embedded-postgres.ts';

// npm run db:stop: stops the embedded PostgreSQL of this project; its data stays.

try {
  if (readConfig().databaseUrl) {
    throw new Error(
      'DATABASE_URL is set, and db:stop stops only the embedded PostgreSQL: unset it to do that.',
    );
  }
  const stopped = await stopEmbeddedPostgres();
  console.log(stopped ? 'Stopped the embedded PostgreSQL.' : 'The embedded PostgreSQL is not running.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
