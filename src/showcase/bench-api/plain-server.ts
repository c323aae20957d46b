import { defineEntity, p, RequestContext } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { largeRecordRoutes } from '../../large-record/documented-routes.ts';
import { LargeRecord } from '../../large-record/large-record.ts';
import { LargeRecordRepository } from '../../large-record/repository.ts';
import { addLargeRecordRoutes } from '../../large-record/routes.ts';
import { NativeTimestamp, TextTimestamp } from '../../large-record/timestamp-types.ts';
import { serve } from '../../serve.ts';

// The application with plain MikroORM: it follows no change and knows one column only. `bench:api` starts it with the timestamp
// column and its kind: text or timestamp.

const [column = '', kind] = process.argv.slice(2);

const schema = defineEntity({
  name: 'LargeRecord',
  tableName: 'large_record',
  properties: {
    id: p.bigint().primary().generated('identity'),
    name: p.string().length(100),
    createdAt: p.type(kind === 'text' ? TextTimestamp : NativeTimestamp).fieldName(column),
  },
});
// The class has the type of another column's name.
schema.setClass(LargeRecord as never);

await serve([
  {
    changes: [],
    entities: [schema],
    loadRoutes: async () => ({
      documentation: largeRecordRoutes,
      addRoutes(router, { base }) {
        const run = <T>(work: (em: EntityManager) => Promise<T>) =>
          RequestContext.create(base.em, () => work(RequestContext.getEntityManager() as EntityManager));
        addLargeRecordRoutes(router, new LargeRecordRepository({ run }));
      },
    }),
  },
]);
