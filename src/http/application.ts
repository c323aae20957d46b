import { METHODS } from 'node:http';
import { Router } from '@koa/router';
import type { MikroORM } from '@mikro-orm/postgresql';
import Koa from 'koa';
import type { ClientConfig } from 'pg';
import { Registry } from 'prom-client';
import type { Config } from '../config.ts';
import type { Feature } from './feature.ts';
import { followOnPrimary, followOnReplica } from './followed-changes.ts';
import { addHealthRoutes } from './health.ts';
import { RequestHistory } from './live/request-history.ts';
import { addLiveRoutes } from './live/routes.ts';
import { Sampler } from './live/sampler.ts';
import type { Log } from './log.ts';
import { addChangeMetrics } from './metrics/change-metrics.ts';
import { addPoolGauges } from './metrics/pool-gauges.ts';
import { RequestDurations } from './metrics/request-durations.ts';
import { addMetricsRoute } from './metrics/route.ts';
import { buildDocument } from './openapi/document.ts';
import type { DocumentPart } from './openapi/operation.ts';
import { operationalRoutes } from './openapi/operational-routes.ts';
import { addOpenApiRoute } from './openapi/route.ts';
import { answerProblems } from './problem-answers.ts';
import { repeatReads } from './repeated-reads.ts';
import { recordRequests, type RequestState } from './request-record.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { addStatusRoute } from './status.ts';
import { limitTime } from './time-limit.ts';
import { refuseMalformed } from './well-formed-requests.ts';

/** A read that begins in the second half of its time might not end in it. */
const SHARE_FOR_REPEATED_READS = 0.5;

/** What `/openapi.json` answers. */
export function apiDocumentOf(features: readonly Feature[]): DocumentPart {
  return buildDocument([...features.map(({ documentation }) => documentation), operationalRoutes]);
}

/** What the API is built with. */
export interface ApplicationOptions {
  readonly config: Pick<Config, 'activeColumn' | 'activeColumnPollMs' | 'requestTimeoutMs'>;
  /** How a session of its own connects to the database. */
  readonly connection: () => ClientConfig;
  /** The ORM of a replica, to which reads may go. */
  readonly replica?: MikroORM | undefined;
  /** Aborted when the process is about to end. */
  readonly stopping: AbortSignal;
  /** Receives a line for each request, and for what happens between them. */
  readonly log: Log;
}

/** The API, apart from the server that listens; disposing of it ends what goes on between requests. */
export interface Application extends AsyncDisposable {
  readonly koa: Koa;
  /** What `/metrics` answers; whoever has more to tell adds it. */
  readonly metrics: Registry;
}

/**
 * Builds the API.
 *
 * @param features what it serves beside what those ask who run it; the live page shows the first of their changes
 * @param orm with the entities of the features; who made it closes it, after the application, and the replica's
 * @throws UnknownColumnError if the configuration names a column that no change knows
 */
export async function buildApplication(
  features: readonly Feature[],
  orm: MikroORM,
  { config, connection, replica, stopping, log }: ApplicationOptions,
): Promise<Application> {
  await using resources = new AsyncDisposableStack();
  const pool = await orm.em.getConnection().getNativeClient();
  const declared = features.flatMap(({ changes }) => changes);
  const primary = resources.use(await followOnPrimary(declared, orm, { config, connection, log }));
  const onReplica = replica && resources.use(await followOnReplica(declared, replica, { config, log }));

  const metrics = new Registry();
  addPoolGauges(metrics, pool);
  addChangeMetrics(metrics, primary.changes, pool);

  // Every method that Node can parse: one that no route takes is answered with 405 and Allow, not with 501.
  const router = new Router({ sensitive: true, methods: METHODS });
  for (const feature of features) feature.addRoutes(router, primary, onReplica);
  const workRoutes = pathsOf(router);
  const durations = new RequestDurations(metrics, workRoutes);
  const history = new RequestHistory(workRoutes);
  addStatusRoute(router, primary.changes, pool);
  addHealthRoutes(router, pool, stopping);
  addMetricsRoute(router, metrics);
  addOpenApiRoute(router, apiDocumentOf(features));
  const sampler = resources.use(new Sampler({ change: primary.changes[0]?.change, connection, history }));
  addLiveRoutes(router, sampler, stopping);

  const koa = new Koa();
  koa.on('error', (error: NodeJS.ErrnoException, ctx: Koa.Context) => {
    // A page that is closed, which is how its events end.
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE' && ctx.path === '/live/events') return;
    log.warn(
      { requestId: (ctx.state as RequestState).requestId },
      `An answer could not be sent: ${error.message}`,
    );
  });
  koa.use(recordRequests(log, [durations, history]));
  koa.use(setSecurityHeaders);
  koa.use(answerProblems);
  koa.use(refuseMalformed);
  koa.use(limitTime(config.requestTimeoutMs));
  koa.use(repeatReads(router.routes(), config.requestTimeoutMs * SHARE_FOR_REPEATED_READS));
  koa.use(router.allowedMethods());
  const owned = resources.move();
  return { koa, metrics, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function pathsOf(router: Router): string[] {
  return router.stack.map(({ path }) => String(path));
}
