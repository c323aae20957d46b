import type { RangeVar } from 'libpg-query';

/** The names of the empty tables on which PostgreSQL is asked about partitions. */
export const TRIAL = { parent: 'online_migration_trial', partition: 'online_migration_trial_partition' };

/** One of these tables, as a statement names it. */
export function trialPartition(which: keyof typeof TRIAL): RangeVar {
  return { schemaname: 'pg_temp', relname: TRIAL[which], inh: true, relpersistence: 'p' };
}
