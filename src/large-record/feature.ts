import type { Feature } from '../http/feature.ts';
import { createdAtChange } from './created-at-change.ts';
import { largeRecordRoutes } from './documented-routes.ts';
import { allMappings, renamedMapping } from './mappings.ts';
import { LargeRecordRepository } from './repository.ts';
import { addLargeRecordRoutes } from './routes.ts';

/** The table `large_record` and its routes. */
export const largeRecord: Feature = {
  changes: [createdAtChange],
  entities: Object.values(allMappings),
  migratedEntities: [renamedMapping],
  documentation: largeRecordRoutes,
  addRoutes(router, primary, replica) {
    const repository = new LargeRecordRepository(
      { em: primary.em, follower: primary.follower(createdAtChange) },
      {
        replica: replica && {
          em: replica.em,
          follower: replica.follower(createdAtChange),
          reads: replica.reads(createdAtChange),
        },
      },
    );
    addLargeRecordRoutes(router, repository);
  },
};
