import type { Router } from '@koa/router';
import type { Registry } from 'prom-client';

/**
 * Adds `/metrics`, for Prometheus.
 *
 * @param router receives the route
 * @param registry has the metrics
 */
export function addMetricsRoute(router: Router, registry: Registry): void {
  router.get('/metrics', async (ctx) => {
    ctx.type = registry.contentType;
    ctx.body = await registry.metrics();
  });
}
