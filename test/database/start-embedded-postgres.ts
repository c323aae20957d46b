import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts';

// What a command does: starts or finds the server of the data folder, and ends.

const { url } = await startEmbeddedPostgres(process.argv[2]);
console.log(url);
