import { Counter, type Registry } from 'prom-client';
import type { ActiveColumnFollower } from '../../online-migration/follow/active-column-follower.ts';
import {
  type BackfillProgress,
  readBackfillProgress,
} from '../../online-migration/backfill/plan/progress.ts';
import type { ChangedColumn } from '../../online-migration/change/changed-column.ts';
import type { Queryable } from '../../online-migration/postgres/queryable.ts';
import { readStage, type Stage, STAGES } from '../../online-migration/observation/stage.ts';
import { addGauge } from './gauge.ts';
import { SharedReading } from './shared-reading.ts';

/**
 * How long an answer waits for the database, in milliseconds. For the backfill, which asks four times a second, an API
 * that gives no answer within a second is strained: what it knows without the database must be there before.
 */
const WAIT_MS = 300;

/** How long what was read is good, in milliseconds. */
const MAX_AGE_MS = 1_000;

/** What is read from the database for an answer. */
interface Standing {
  readonly stage: Stage;
  readonly backfill: BackfillProgress | null;
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
 * Adds what a column change tells of itself: its stage, the column that this process uses, and how far the backfill is.
 * What needs the database is absent from an answer where that does not answer in time, and `column_change_up` is 0.
 *
 * @param registry receives the metrics
 * @param change the declared change
 * @param database runs the queries
 * @param follower knows the active column
 */
export function addChangeMetrics(
  registry: Registry,
  change: ChangedColumn,
  database: Queryable,
  follower: ActiveColumnFollower,
): void {
  const reading = new SharedReading(() => readStanding(database, change), {
    waitMs: WAIT_MS,
    maxAgeMs: MAX_AGE_MS,
  });
  addStandingGauges(registry, reading);
  addFollowerMetrics(registry, follower);
}

async function readStanding(database: Queryable, change: ChangedColumn): Promise<Standing> {
  const stage = await readStage(database, change);
  return { stage, backfill: await readBackfillProgress(database, change) };
}

function addStandingGauges(registry: Registry, reading: SharedReading<Standing>): void {
  addGauge(registry, {
    name: 'column_change_up',
    help: '1 where the stage and the backfill could be read from the database in time; else they are absent.',
    async collect() {
      this.set((await reading.get()) === null ? 0 : 1);
    },
  });
  addGauge(registry, {
    name: 'column_change_stage',
    help: 'Where the database stands: 1 for its stage, 0 for the others.',
    labelNames: ['stage'],
    async collect() {
      const standing = await reading.get();
      this.reset();
      if (standing === null) return;
      for (const stage of STAGES) this.set({ stage }, stage === standing.stage ? 1 : 0);
    },
  });
  for (const { name, help, value } of BACKFILL_GAUGES) {
    addGauge(registry, {
      name: `column_change_backfill_${name}`,
      help,
      labelNames: ['direction'],
      async collect() {
        const backfill = (await reading.get())?.backfill;
        this.reset();
        const known = backfill && value(backfill);
        if (backfill && typeof known === 'number') this.set({ direction: backfill.direction }, known);
      },
    });
  }
}

function addFollowerMetrics(registry: Registry, follower: ActiveColumnFollower): void {
  addGauge(registry, {
    name: 'column_change_active_column',
    help: 'Always 1; the labels say which column this process reads and writes, on which of the three mappings.',
    labelNames: ['form', 'column'],
    collect() {
      const { latest } = follower;
      this.reset();
      if (latest !== undefined) this.set({ form: latest.form, column: latest.name }, 1);
    },
  });
  const switches = new Counter({
    name: 'column_change_switches_total',
    help: 'How often this process went over to another column.',
    registers: [registry],
  });
  follower.on('switched', () => switches.inc());
  const reresolutions = new Counter({
    name: 'column_change_reresolutions_total',
    help: 'Requests that met a move, had the active column read anew and ran again.',
    registers: [registry],
  });
  follower.on('overtaken', () => reresolutions.inc());
}
