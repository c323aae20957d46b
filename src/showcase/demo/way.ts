import { setTimeout as delay } from 'node:timers/promises';
import { ClosedLoad } from '../harness/closed-load.ts';
import { connect } from '../harness/connection.ts';
import { Ledger } from '../harness/ledger.ts';
import { checkLedger, type LedgerVerdict } from '../harness/ledger-check.ts';
import { startLoadedApi } from '../harness/loaded-api.ts';
import { type Measurements, measureSteps, type Step } from '../harness/steps.ts';
import { Timeline, type TimelineRecord } from '../harness/timeline.ts';
import { observeWork, type WorkObserver } from '../harness/work.ts';
import { LOAD } from './circumstances.ts';

/** Duration of the baseline: the load without a change. */
const IDLE_MS = 3_000;

/** A way to change the column's type. */
export interface Way {
  readonly heading: string;
  readonly databaseUrl: string;
  /** The changes, after the idle baseline. */
  readonly steps: (timeline: Timeline) => readonly Step[];
  /** Environment variables of the API, in addition to the database. */
  readonly apiSettings?: Readonly<Record<string, string>>;
  /** The column that the application uses in the end. */
  readonly finalColumn: 'created_at' | 'created_at_new';
}

/** The measurements of a way, and the API's log. */
export interface WayResult extends Measurements {
  readonly heading: string;
  readonly timeline: TimelineRecord;
  /** Number of rows that acknowledged writes created or changed. */
  readonly writtenRows: number;
  readonly ledger: LedgerVerdict;
  readonly apiLog: string;
}

/**
 * Serves a database with the API in a separate process, puts it under load and changes it step by step. Then compares
 * every row with the acknowledged writes.
 *
 * @param load.rows number of rows at the start
 * @param load.seed of the load's random choices
 * @param signal stops it early
 * @throws Error if requests fail before the first step
 */
export async function runWay(
  way: Way,
  load: { readonly rows: number; readonly seed: number },
  signal: AbortSignal,
  observer: WorkObserver,
): Promise<WayResult> {
  const { heading, databaseUrl, apiSettings, finalColumn } = way;
  const ledger = new Ledger(load.rows);
  const timeline = new Timeline();
  const idle: Step = { name: 'idle', run: () => delay(IDLE_MS, undefined, { signal }) };
  const steps = [idle, ...way.steps(timeline)].map(({ name, run }) => ({
    name,
    run: (report: (percent: number) => void) => timeline.step(name, () => run(report)),
  }));
  const startLoad = (apiUrl: string) => new ClosedLoad([apiUrl], ledger, load.seed, LOAD, timeline);
  observer.stepsFollow(
    heading,
    steps.map(({ name }) => name),
  );
  await using api = await startLoadedApi(databaseUrl, startLoad, signal, apiSettings);
  timeline.begin();
  const measurements = await measureSteps(api.load, steps, signal, observer);
  const record = timeline.record();
  const verdict = await observeWork(observer, signal, 'compare all writes', async () => {
    await using connection = await connect(databaseUrl);
    return await checkLedger(connection, ledger, finalColumn);
  });
  const writtenRows = ledger.written.length;
  return { ...measurements, heading, timeline: record, writtenRows, ledger: verdict, apiLog: api.log };
}
