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
import { addGauge } from './gauge.ts';
import { SharedReading } from './shared-reading.ts';

/**
 * How long an answer waits for the database, in milliseconds. For the backfill, which asks four times a second, an API
 * that gives no answer within a second is strained: what it knows without the database must be there before.
 */
const WAIT_MS = 300;

/** How long what was read is good, in milliseconds. */
const MAX_AGE_MS = 1_000;

/** A change, by the label that its samples have, and what was read of it last. */
interface ReadChange extends FollowedChange {
  readonly name: string;
  readonly reading: SharedReading<Status>;
}

/** How far a backfill is, each with the direction as its label; null if it is not known. */
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
    help: 'Rate of the backfill in its last seconds.',
    value: ({ rowsPerSecond }) => rowsPerSecond,
  },
  {
    name: 'eta_seconds',
    help: 'How long the backfill will still take.',
    value: ({ etaSeconds }) => etaSeconds,
  },
  {
    name: 'paused',
    help: '1 while the backfill waits, for whatever reason.',
    value: ({ pausedFor }) => (pausedFor === null ? 0 : 1),
  },
];

/**
 * Adds what column changes tell of themselves: for each its stage, the column that this process uses, and how far the
 * backfill is. What needs the database is absent from an answer if the database does not answer in time, and
 * `column_change_up` is 0.
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
  addStandingGauges(registry, changes);
  addFollowerMetrics(registry, changes);
}

function addStandingGauges(registry: Registry, changes: readonly ReadChange[]): void {
  const standings = () =>
    Promise.all(changes.map(async ({ name, reading }) => ({ change: name, standing: await reading.get() })));
  addGauge(registry, {
    name: 'column_change_up',
    help: '1 if the stage and the backfill could be read from the database in time; else they are absent.',
    labelNames: ['change'],
    async collect() {
      for (const { change, standing } of await standings()) this.set({ change }, standing === null ? 0 : 1);
    },
  });
  addGauge(registry, {
    name: 'column_change_stage',
    help: 'Where the database stands: 1 for its stage, 0 for the others.',
    labelNames: ['change', 'stage'],
    async collect() {
      const read = await standings();
      this.reset();
      for (const { change, standing } of read) {
        if (standing === null) continue;
        for (const stage of STAGES) this.set({ change, stage }, stage === standing.stage ? 1 : 0);
      }
    },
  });
  for (const { name, help, value } of BACKFILL_GAUGES) {
    addGauge(registry, {
      name: `column_change_backfill_${name}`,
      help,
      labelNames: ['change', 'direction'],
      async collect() {
        const read = await standings();
        this.reset();
        for (const { change, standing } of read) {
          const backfill = standing?.backfill;
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
    help: 'Always 1; the labels say which column this process reads and writes, on which of the three mappings.',
    labelNames: ['change', 'form', 'column'],
    collect() {
      this.reset();
      for (const { name, follower } of changes) {
        const { latest } = follower;
        if (latest !== undefined) this.set({ change: name, form: latest.form, column: latest.name }, 1);
      }
    },
  });
  const switches = new Counter({
    name: 'column_change_switches_total',
    help: 'How often this process went over to another column.',
    labelNames: ['change'],
    registers: [registry],
  });
  const reresolutions = new Counter({
    name: 'column_change_reresolutions_total',
    help: 'Requests that met a move, had the active column read anew and ran again.',
    labelNames: ['change'],
    registers: [registry],
  });
  for (const { name: change, follower } of changes) {
    // From the beginning, so that a rate is known from the first one on.
    for (const counter of [switches, reresolutions]) counter.inc({ change }, 0);
    follower.on('switched', () => switches.inc({ change }));
    follower.on('overtaken', () => reresolutions.inc({ change }));
  }
}
