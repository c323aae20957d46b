import { Gauge, type GaugeConfiguration, type Registry } from 'prom-client';

/**
 * Adds a gauge that sets itself whenever it is asked for.
 *
 * @param registry receives the gauge
 * @param gauge with a `collect` that sets it
 */
export function addGauge<Label extends string>(
  registry: Registry,
  gauge: Omit<GaugeConfiguration<Label>, 'registers'> & Required<Pick<GaugeConfiguration<Label>, 'collect'>>,
): void {
  registry.registerMetric(new Gauge({ ...gauge, registers: [] }));
}
