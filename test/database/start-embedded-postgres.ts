import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts';

// Starts or finds the data folder's server, and exits, as a command does.

const { url } = await startEmbeddedPostgres(process.argv[2]);
console.log(url);
