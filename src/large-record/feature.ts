import type { Feature } from '../http/feature.ts';
import { largeRecordCreatedAtChange } from './created-at-change.ts';
import { largeRecordRoutes } from './documented-routes.ts';
import { LargeRecord } from './large-record.ts';
import { LargeRecordRepository } from './repository.ts';
import { addLargeRecordRoutes } from './routes.ts';
import { TextTimestamp } from './timestamp-types.ts';

/** The table `large_record` and its routes. */
export const largeRecord: Feature = {
  changes: [{ change: largeRecordCreatedAtChange, oldType: new TextTimestamp() }],
  entities: [LargeRecord],
  documentation: largeRecordRoutes,
  addRoutes(router, orm, replica) {
    const reads = replica && { orm: replica.orm, reads: replica.reads(largeRecordCreatedAtChange) };
    addLargeRecordRoutes(router, new LargeRecordRepository(orm, reads));
  },
};
