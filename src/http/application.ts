import { METHODS } from 'node:http';
import { Router } from '@koa/router';
import type { MikroORM } from '@mikro-orm/postgresql';
import Koa from 'koa';
import { createdAtChange } from '../large-record/created-at-change.ts';
import { LargeRecordRepository } from '../large-record/repository.ts';
import { addLargeRecordRoutes } from '../large-record/routes.ts';
import { ActiveColumnFollower } from '../online-migration/active-column.ts';
import { addHealthRoutes } from './health.ts';
import { answerProblems } from './problem-answers.ts';
import { addStatusRoute } from './status.ts';

/**
 * Builds the API, apart from the server that listens.
 *
 * @param orm with the three mappings; who made it closes it
 * @param log receives one line for each request that failed by no fault of the client
 */
export async function buildApplication(orm: MikroORM, log: (line: string) => void): Promise<Koa> {
  const pool = await orm.em.getConnection().getNativeClient();
  const follower = new ActiveColumnFollower(createdAtChange, pool);

  // Every method that Node can parse: one that no route takes is answered with 405 and Allow, not with 501.
  const router = new Router({ sensitive: true, methods: METHODS });
  addLargeRecordRoutes(router, new LargeRecordRepository(orm.em, follower));
  addStatusRoute(router, createdAtChange, pool, follower);
  addHealthRoutes(router, pool);

  const application = new Koa();
  application.on('error', (error: Error) => log(`An answer could not be sent: ${error.message}`));
  application.use(answerProblems(log));
  application.use(router.routes());
  application.use(router.allowedMethods());
  return application;
}
