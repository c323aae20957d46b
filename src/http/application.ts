import { METHODS } from 'node:http';
import { Router } from '@koa/router';
import Koa from 'koa';
import type { ClientConfig } from 'pg';
import { Registry } from 'prom-client';
import type { Config } from '../config.ts';
import type { FollowedOrm } from 'online-migration/mikro-orm';
import type { Feature, FeatureReplica, FeatureRoutes } from './feature.ts';
import { addHealthRoutes } from './health.ts';
import { RequestHistory } from './live/request-history.ts';
import { addLiveRoutes } from './live/routes.ts';
import { Sampler } from './live/sampler.ts';
import type { Log } from './log.ts';
import { addChangeMetrics } from './metrics/change-metrics.ts';
import { addPoolGauges } from './metrics/pool-gauges.ts';
import { RequestDurations } from './metrics/request-durations.ts';
import { addMetricsRoute } from './metrics/registry.ts';
import { addOpenApiRoute, buildDocument } from './openapi/document.ts';
import type { DocumentPart } from './openapi/operation.ts';
import { operationalRoutes } from './openapi/operational-routes.ts';
import { answerProblems } from './problem-answers.ts';
import { repeatReads } from './repeated-reads.ts';
import { recordRequests, type RequestState } from './request-record.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { addStatusRoute } from './status.ts';
import { limitTime } from './time-limit.ts';
import { refuseMalformed } from './well-formed-requests.ts';

/** Reads are retried only in the first half of their time limit, so that a retry can finish. */
const SHARE_FOR_REPEATED_READS = 0.5;

/** Loads the routes of features. */
export async function loadRoutes(features: readonly Feature[]): Promise<FeatureRoutes[]> {
  return Promise.all(features.flatMap((feature) => feature.loadRoutes?.() ?? []));
}

/** The document that `/openapi.json` returns. */
export function apiDocumentOf(routes: readonly FeatureRoutes[]): DocumentPart {
  return buildDocument([...routes.map(({ documentation }) => documentation), operationalRoutes]);
}

/** Settings and connections of the API. */
export interface ApplicationOptions {
  readonly config: Pick<Config, 'requestTimeoutMs'>;
  /** Connection settings for a dedicated session. */
  readonly connection: () => ClientConfig;
  /** A replica for reads. */
  readonly replica?: FeatureReplica | undefined;
  /** Aborted when the process starts to shut down. */
  readonly stopping: AbortSignal;
  /** Receives a line for each request and for events between requests. */
  readonly log: Log;
}

/** The API without the listening server. Disposing of it stops its background work. */
export interface Application extends AsyncDisposable {
  readonly koa: Koa;
  /** The metrics of `/metrics`. Callers may register more. */
  readonly metrics: Registry;
}

/**
 * Builds the API.
 *
 * @param features served in addition to the operational routes; the live page shows their first column change
 * @param orm with the entities of the features. The caller closes it and the replica's ORM after the application
 */
export async function buildApplication(
  features: readonly Feature[],
  orm: FollowedOrm,
  { config, connection, replica, stopping, log }: ApplicationOptions,
): Promise<Application> {
  await using resources = new AsyncDisposableStack();
  const pool = await orm.base.em.getConnection().getNativeClient();
  const changes = features.flatMap((feature) =>
    feature.changes.map(({ change }) => ({ change, follower: orm.follower(change) })),
  );

  const metrics = new Registry();
  addPoolGauges(metrics, pool);
  addChangeMetrics(metrics, changes, pool);

  // All methods that Node can parse. An unsupported method then gets 405 with Allow, not 501.
  const router = new Router({ sensitive: true, methods: METHODS });
  const routes = await loadRoutes(features);
  for (const each of routes) each.addRoutes(router, orm, replica);
  const workRoutes = pathsOf(router);
  const durations = new RequestDurations(metrics, workRoutes);
  const history = new RequestHistory(workRoutes);
  addStatusRoute(router, changes, pool);
  addHealthRoutes(
    router,
    changes.map(({ change }) => change),
    pool,
    stopping,
  );
  addMetricsRoute(router, metrics);
  addOpenApiRoute(router, apiDocumentOf(routes));
  const sampler = resources.use(new Sampler({ change: changes[0]?.change, connection, history }));
  addLiveRoutes(router, sampler, stopping);

  const koa = new Koa();
  koa.on('error', (error: NodeJS.ErrnoException, ctx: Koa.Context) => {
    // The live page was closed. This is how its event stream normally ends.
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
