import { startThrowawayPostgres } from '../../src/database/throwaway-postgres.ts';

// An owner of a throwaway server that a test can kill: says what it has, and stays.

const { pid, dataFolder } = await startThrowawayPostgres();
console.log(JSON.stringify({ pid, dataFolder }));
setInterval(() => {}, 1000);
