import { throwawayFolder } from '../../../src/database/throwaway-postgres.ts';

console.log(await throwawayFolder());
