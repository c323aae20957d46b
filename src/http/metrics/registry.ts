import type { Router } from '@koa/router';
import { Gauge, type GaugeConfiguration, type Registry } from 'prom-client';

/**
 * Adds a gauge that updates itself at each scrape.
 *
 * @param registry receives the gauge
 * @param gauge with a `collect` that sets its value
 */
export function addGauge<Label extends string>(
  registry: Registry,
  gauge: Omit<GaugeConfiguration<Label>, 'registers'> & Required<Pick<GaugeConfiguration<Label>, 'collect'>>,
): void {
  registry.registerMetric(new Gauge({ ...gauge, registers: [] }));
}

/**
 * Adds `/metrics`, for Prometheus.
 *
 * @param router receives the route
 * @param registry contains the metrics
 */
export function addMetricsRoute(router: Router, registry: Registry): void {
  router.get('/metrics', async (ctx) => {
    ctx.type = registry.contentType;
    ctx.body = await registry.metrics();
  });
}
