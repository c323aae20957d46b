import { eventChange } from '../event-change.ts';
import { backfillSettings, databaseUrl } from './environment.ts';

export default {
  changes: [eventChange],
  connection: databaseUrl(),
  settings: { backfill: backfillSettings() },
};
