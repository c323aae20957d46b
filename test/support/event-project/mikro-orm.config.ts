import { backfillSettings, databaseUrl } from './environment.ts';
import { eventProjectOptions } from './options.ts';

export default eventProjectOptions(databaseUrl(), { settings: { backfill: backfillSettings() } });
