import { Router } from '@koa/router';
import Koa from 'koa';
import { listen } from '../../../src/http/listener.ts';
import type { LargeRecordRepository } from '../../../src/large-record/repository.ts';
import { addLargeRecordRoutes } from '../../../src/large-record/routes.ts';

/** Serves the records and nothing else, until it is killed; says where as `src/main.ts` does. */
export async function serveRecords(repository: LargeRecordRepository): Promise<void> {
  const router = new Router({ sensitive: true });
  addLargeRecordRoutes(router, repository);
  const koa = new Koa();
  koa.use(router.routes());
  const { url } = await listen(koa, '127.0.0.1', 0);
  console.log(`Listening on ${url}`);
}
