import { Counter, type Registry } from 'prom-client';
import {
  type BackfillProgress,
  nameOf,
  type Queryable,
  readStatus,
  STAGES,
  type Status,
} from 'online-migration';
import type { FollowedChange } from '../followed-changes.ts';
import { addGauge } from './registry.ts';
import { SharedReading } from './shared-reading.ts';

/**
 * How long an answer waits for the database, in milliseconds. The backfill polls this endpoint and treats one second
 * without an answer as overload. The metrics that need no database must therefore arrive earlier.
 */
const WAIT_MS = 300;

/** How long a reading is reused, in milliseconds. */
const MAX_AGE_MS = 1_000;

/** A change, the label of its samples, and its last reading. */
interface ReadChange extends FollowedChange {
  readonly name: string;
  readonly reading: SharedReading<Status>;
}

/** The progress of a backfill, labelled by direction. Absent if it is unknown. */
const BACKFILL_GAUGES: readonly {
  readonly name: string;
  readonly help: string;
  readonly value: (progress: BackfillProgress) => number | null;
}[] = [
  { name: 'rows_done', help: 'Rows that the backfill has converted.', value: ({ rowsDone }) => rowsDone },
  {
    name: 'rows',
    help: 'Rows of the table, estimated until the backfill ends.',
    value: ({ rowsTotal }) => rowsTotal,
  },
  {
    name: 'ratio',
    help: 'Share of the table that the backfill has done, 0 to 1.',
    value: ({ percent }) => percent / 100,
  },
  {
    name: 'rows_per_second',
    help: 'Current rate of the backfill, in rows per second.',
    value: ({ rowsPerSecond }) => rowsPerSecond,
  },
  {
    name: 'eta_seconds',
    help: 'Estimated time left of the backfill.',
    value: ({ etaSeconds }) => etaSeconds,
  },
  {
    name: 'paused',
    help: '1 while the backfill is paused, for any reason.',
    value: ({ pausedFor }) => (pausedFor === null ? 0 : 1),
  },
];

/**
 * Adds metrics of each column change: its stage, the column that this process uses, and the backfill's progress. If the
 * database does not answer in time, its values are absent and `column_change_up` is 0.
 *
 * @param registry receives the metrics
 * @param followed the changes that this process follows
 * @param database runs the queries
 */
export function addChangeMetrics(
  registry: Registry,
  followed: readonly FollowedChange[],
  database: Queryable,
): void {
  const changes = followed.map(({ change, follower }) => ({
    change,
    follower,
    name: nameOf(change),
    reading: new SharedReading(() => readStatus(database, change), {
      waitMs: WAIT_MS,
      maxAgeMs: MAX_AGE_MS,
    }),
  }));
  addStatusGauges(registry, changes);
  addFollowerMetrics(registry, changes);
}

function addStatusGauges(registry: Registry, changes: readonly ReadChange[]): void {
  const statuses = () =>
    Promise.all(changes.map(async ({ name, reading }) => ({ change: name, status: await reading.get() })));
  addGauge(registry, {
    name: 'column_change_up',
    help: '1 if the stage and the backfill were read from the database in time; otherwise they are absent.',
    labelNames: ['change'],
    async collect() {
      for (const { change, status } of await statuses()) this.set({ change }, status === null ? 0 : 1);
    },
  });
  addGauge(registry, {
    name: 'column_change_stage',
    help: 'Stage of the change: 1 for the current one, 0 for the others.',
    labelNames: ['change', 'stage'],
    async collect() {
      const read = await statuses();
      this.reset();
      for (const { change, status } of read) {
        if (status === null) continue;
        for (const stage of STAGES) this.set({ change, stage }, stage === status.stage ? 1 : 0);
      }
    },
  });
  for (const { name, help, value } of BACKFILL_GAUGES) {
    addGauge(registry, {
      name: `column_change_backfill_${name}`,
      help,
      labelNames: ['change', 'direction'],
      async collect() {
        const read = await statuses();
        this.reset();
        for (const { change, status } of read) {
          const backfill = status?.backfill;
          const known = backfill && value(backfill);
          if (backfill && typeof known === 'number')
            this.set({ change, direction: backfill.direction }, known);
        }
      },
    });
  }
}

function addFollowerMetrics(registry: Registry, changes: readonly ReadChange[]): void {
  addGauge(registry, {
    name: 'column_change_active_column',
    help: 'Always 1; the labels name each column and the schema version that this process uses.',
    labelNames: ['change', 'form', 'column'],
    collect() {
      this.reset();
      for (const { name, follower } of changes) {
        const { latest } = follower;
        for (const column of latest?.names ?? []) this.set({ change: name, form: latest!.form, column }, 1);
      }
    },
  });
  const switches = new Counter({
    name: 'column_change_switches_total',
    help: 'How often this process switched to another column.',
    labelNames: ['change'],
    registers: [registry],
  });
  const reresolutions = new Counter({
    name: 'column_change_reresolutions_total',
    help: 'Requests that ran again because the active column had changed.',
    labelNames: ['change'],
    registers: [registry],
  });
  for (const { name: change, follower } of changes) {
    // Starts at 0, so that rates include the first event.
    for (const counter of [switches, reresolutions]) counter.inc({ change }, 0);
    follower.on('switched', () => switches.inc({ change }));
    follower.on('overtaken', () => reresolutions.inc({ change }));
  }
}
