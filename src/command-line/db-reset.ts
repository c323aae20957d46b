import { readConfig } from '../config.ts';
import { resetEmbeddedPostgres } from '../database/embedded-postgres.ts';

// npm run db:reset: stops the embedded PostgreSQL of this project and deletes its data.

try {
  if (readConfig().databaseUrl) {
    throw new Error(
      'DATABASE_URL is set, and db:reset deletes only the embedded PostgreSQL: unset it to do that.',
    );
  }
  const deleted = await resetEmbeddedPostgres();
  console.log(
    deleted ? 'Deleted the embedded PostgreSQL and its data.' : 'There is no embedded PostgreSQL to delete.',
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
