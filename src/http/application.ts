import { METHODS } from 'node:http';
import { Router } from '@koa/router';
import type { MikroORM } from '@mikro-orm/postgresql';
import Koa from 'koa';
import type { ClientConfig } from 'pg';
import type { Config } from '../config.ts';
import { createdAtChange } from '../large-record/created-at-change.ts';
import { openReplica } from '../large-record/replica.ts';
import { LargeRecordRepository } from '../large-record/repository.ts';
import { addLargeRecordRoutes } from '../large-record/routes.ts';
import { ActiveColumnFollower } from '../online-migration/active-column-follower.ts';
import { pollActiveColumn } from '../online-migration/active-column-poll.ts';
import { keepPresence } from '../online-migration/presence-session.ts';
import { addHealthRoutes } from './health.ts';
import { answerProblems } from './problem-answers.ts';
import { repeatReads } from './repeated-reads.ts';
import { addStatusRoute } from './status.ts';
import { limitTime } from './time-limit.ts';

/** A read that begins in the second half of its time might not end in it. */
const SHARE_FOR_REPEATED_READS = 0.5;

/** What the API is built with. */
export interface ApplicationOptions {
  readonly config: Pick<Config, 'activeColumn' | 'activeColumnPollMs' | 'requestTimeoutMs'>;
  /** How a session of its own connects to the database. */
  readonly connection: () => ClientConfig;
  /** The ORM of a replica, to which reads may go. */
  readonly replica?: MikroORM | undefined;
  /** Aborted when the process is about to end. */
  readonly stopping: AbortSignal;
  /** Receives a line for each request that failed by no fault of the client, and for what happens between requests. */
  readonly log: (line: string) => void;
}

/** The API, apart from the server that listens; disposing of it ends what goes on between requests. */
export interface Application extends AsyncDisposable {
  readonly koa: Koa;
}

/**
 * Builds the API.
 *
 * @param orm with the three mappings; who made it closes it, after the application, and the replica's
 * @throws UnknownColumnError where the configuration names a column that the change does not know
 */
export async function buildApplication(
  orm: MikroORM,
  { config, connection, replica, stopping, log }: ApplicationOptions,
): Promise<Application> {
  await using resources = new AsyncDisposableStack();
  const pool = await orm.em.getConnection().getNativeClient();
  const follower = new ActiveColumnFollower(createdAtChange, pool, config.activeColumn);
  follower.on('switched', ({ name }) => log(`The active column is ${name} now.`));
  resources.use(await keepPresence({ change: createdAtChange, connection, follower, log }));
  resources.use(pollActiveColumn(follower, config.activeColumnPollMs));

  // Every method that Node can parse: one that no route takes is answered with 405 and Allow, not with 501.
  const router = new Router({ sensitive: true, methods: METHODS });
  const repository = new LargeRecordRepository(
    { em: orm.em, follower },
    { replica: replica && resources.use(await openReplica(replica, config, log)) },
  );
  addLargeRecordRoutes(router, repository);
  addStatusRoute(router, createdAtChange, pool, follower);
  addHealthRoutes(router, pool, stopping);

  const koa = new Koa();
  koa.on('error', (error: Error) => log(`An answer could not be sent: ${error.message}`));
  koa.use(answerProblems(log));
  koa.use(limitTime(config.requestTimeoutMs));
  koa.use(repeatReads(router.routes(), config.requestTimeoutMs * SHARE_FOR_REPEATED_READS));
  koa.use(router.allowedMethods());
  const owned = resources.move();
  return { koa, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
