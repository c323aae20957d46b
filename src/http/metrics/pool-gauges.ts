import type { Pool } from 'pg';
import type { Registry } from 'prom-client';
import { addGauge } from './registry.ts';

/**
 * Adds gauges for the pool: its connections, their limit, and the waiting requests.
 *
 * @param registry receives the gauges
 * @param pool the pool that requests use
 */
export function addPoolGauges(registry: Registry, pool: Pool): void {
  addGauge(registry, {
    name: 'database_pool_connections',
    help: 'Connections of the pool.',
    labelNames: ['state'],
    collect() {
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'used' }, pool.totalCount - pool.idleCount);
    },
  });
  addGauge(registry, {
    name: 'database_pool_connections_max',
    help: 'Greatest number of connections of the pool.',
    collect() {
      this.set(pool.options.max);
    },
  });
  addGauge(registry, {
    name: 'database_pool_waiting',
    help: 'Queries that wait for a connection of the pool.',
    collect() {
      this.set(pool.waitingCount);
    },
  });
}
