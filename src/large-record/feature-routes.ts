import type { FeatureRoutes } from '../http/feature.ts';
import { largeRecordCreatedAtChange } from './created-at-change.ts';
import { LargeRecordRepository } from './repository.ts';
import { addLargeRecordRoutes } from './routes.ts';

export { largeRecordRoutes as documentation } from './documented-routes.ts';

export const addRoutes: FeatureRoutes['addRoutes'] = (router, orm, replica) => {
  const reads = replica && { orm: replica.orm, reads: replica.reads(largeRecordCreatedAtChange) };
  addLargeRecordRoutes(router, new LargeRecordRepository(orm, reads));
};
