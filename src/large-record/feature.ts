import type { Feature } from '../http/feature.ts';
import { largeRecordCreatedAtChange } from './created-at-change.ts';
import { LargeRecord } from './large-record.ts';
import { TextTimestamp } from './timestamp-types.ts';

/** The table `large_record` and its routes. */
export const largeRecord: Feature = {
  changes: [{ change: largeRecordCreatedAtChange, oldType: new TextTimestamp() }],
  entities: [LargeRecord],
  loadRoutes: () => import('./feature-routes.ts'),
};
