import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Router } from '@koa/router';
import Koa from 'koa';
import pino from 'pino';
import { createLog } from '../../../../src/http/log.ts';
import { answerProblems } from '../../../../src/http/problem-answers.ts';
import { recordRequests } from '../../../../src/http/request-record.ts';
import { setSecurityHeaders } from '../../../../src/http/security-headers.ts';
import type { LargeRecordRepository } from '../../../../src/large-record/repository.ts';
import { addLargeRecordRoutes } from '../../../../src/large-record/routes.ts';

/** Serves only the records until it is killed; prints its URL as `src/main.ts` does. */
export async function serveRecords(repository: LargeRecordRepository): Promise<void> {
  const log = createLog('notice', pino.destination({ dest: 1, sync: true }));
  const router = new Router({ sensitive: true });
  addLargeRecordRoutes(router, repository);
  const koa = new Koa();
  koa.use(recordRequests(log, []));
  koa.use(setSecurityHeaders);
  koa.use(answerProblems);
  koa.use(router.routes());
  const server = koa.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  log.notice(`Listening on http://127.0.0.1:${port}`);
}
