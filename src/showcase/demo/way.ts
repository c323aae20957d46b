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

/** How long the load is measured before the first change: the baseline. */
const IDLE_MS = 3_000;

/** A way of changing the column's type. */
export interface Way {
  readonly heading: string;
  readonly databaseUrl: string;
  /** The changes; the idle baseline goes before them. */
  readonly steps: (timeline: Timeline) => readonly Step[];
  /** Variables of the API's configuration, beside the database. */
  readonly apiSettings?: Readonly<Record<string, string>>;
  /** The column that the application uses in the end. */
  readonly finalColumn: 'created_at' | 'created_at_new';
}

/** What a way did to the requests and to the rows, and what the API logged. */
export interface WayResult extends Measurements {
  readonly heading: string;
  readonly timeline: TimelineRecord;
  /** Rows that acknowledged writes have made or changed. */
  readonly writtenRows: number;
  readonly ledger: LedgerVerdict;
  readonly apiLog: string;
}

/**
 * Serves a database through the API in a process of its own, puts it under load, changes it step by step, and compares
 * every row with what the API has acknowledged.
 *
 * @param load.rows that are there at the beginning
 * @param load.seed of the load's random choices
 * @param signal ends it early
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
  const verdict = await observeWork(observer, signal, 'compare with the ledger', async () => {
    await using connection = await connect(databaseUrl);
    return await checkLedger(connection, ledger, finalColumn);
  });
  const writtenRows = ledger.written.length;
  return { ...measurements, heading, timeline: record, writtenRows, ledger: verdict, apiLog: api.log };
}
