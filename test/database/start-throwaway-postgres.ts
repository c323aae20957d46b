import { startThrowawayPostgres } from '../../src/database/throwaway-postgres.ts';

// Owns a throwaway server until a test kills it; prints the server's data.

const { pid, dataFolder } = await startThrowawayPostgres();
console.log(JSON.stringify({ pid, dataFolder }));
setInterval(() => {}, 1000);
