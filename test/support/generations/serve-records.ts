import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Router } from '@koa/router';
import Koa from 'koa';
import type { LargeRecordRepository } from '../../../src/large-record/repository.ts';
import { addLargeRecordRoutes } from '../../../src/large-record/routes.ts';

/** Serves the records and nothing else, until it is killed; says where as `src/main.ts` does. */
export async function serveRecords(repository: LargeRecordRepository): Promise<void> {
  const router = new Router({ sensitive: true });
  addLargeRecordRoutes(router, repository);
  const koa = new Koa();
  koa.use(router.routes());
  const server = koa.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify(`Listening on http://127.0.0.1:${port}`));
}
