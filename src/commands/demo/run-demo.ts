import { seedLargeRecords } from '../../large-record/seeding.ts';
import { alterType } from '../harness/alter-type.ts';
import { ClosedLoad } from '../harness/closed-load.ts';
import { connect } from '../harness/connection.ts';
import { Ledger } from '../harness/ledger.ts';
import { checkLedger, type LedgerVerdict } from '../harness/ledger-check.ts';
import { migrateUpTo } from '../harness/migration-command.ts';
import { startServer } from '../harness/server.ts';
import type { MeasuredStep } from '../harness/step-table.ts';
import { observeWork, type WorkObserver } from '../harness/work-lines.ts';
import { type Circumstances, LOAD, readCircumstances } from './circumstances.ts';
import { runWay, type WayResult } from './way.ts';

const MOVES = ['0002 expand', '0003 backfill', '0004 enforce', '0005 contract', '0006 rename'];
const RISKY_STEP = 'one ALTER TABLE';

/** What the demo has found. */
export interface DemoResult {
  readonly circumstances: Circumstances;
  readonly safe: WayResult;
  readonly ledger: LedgerVerdict;
  /** The one step of the risky way. */
  readonly risky: MeasuredStep;
}

/**
 * The main job, on a server of its own:
 *
 * 1. Start a throwaway PostgreSQL; 0001; seed; copy the database for the risky way.
 * 2. The safe way: the API and its load, and 0002 to 0006 one by one.
 * 3. Compare every row with what the API has acknowledged.
 * 4. The risky way on the copy: the API and the same load, and one ALTER TABLE.
 *
 * @param options.rows how many rows the table has
 * @param options.seed of the load's random choices
 * @param signal ends it early; either way, all that was started is gone when this function has ended
 * @throws Error where a migration fails, with its output
 */
export async function runDemo(
  { rows, seed }: { readonly rows: number; readonly seed: number },
  signal: AbortSignal,
  observer: WorkObserver,
): Promise<DemoResult> {
  const timed = <T>(what: string, work: () => Promise<T>) => observeWork(observer, signal, what, work);

  await using server = await timed('start PostgreSQL', () => startServer(signal));
  await using admin = await connect(server.url());
  const safeUrl = server.url('safe');
  const riskyUrl = server.url('risky');

  await admin.query('create database safe');
  await timed('0001 create', () => migrateUpTo(safeUrl, '0001', signal));
  await timed(`seed ${rows.toLocaleString('en-US')} rows`, () =>
    seedLargeRecords(safeUrl, { rows, append: false, signal, report: () => {} }),
  );
  await timed('copy for the risky way', () => admin.query('create database risky template safe'));

  observer.stepsFollow('The safe way: one migration after the other');
  const loadOn = (ledger: Ledger) => (apiUrl: string) => new ClosedLoad([apiUrl], ledger, seed, LOAD);
  const ledger = new Ledger(rows);
  const moves = MOVES.map((name) => ({ name, run: () => migrateUpTo(safeUrl, name.slice(0, 4), signal) }));
  const safe = await runWay(safeUrl, loadOn(ledger), moves, signal, observer);
  const verdict = await timed('compare with the ledger', () => checkLedgerOf(safeUrl, ledger));

  observer.stepsFollow('The risky way: ALTER TABLE … ALTER COLUMN … TYPE timestamptz USING …');
  const alter = { name: RISKY_STEP, run: () => alterTypeOf(riskyUrl) };
  const risky = await runWay(riskyUrl, loadOn(new Ledger(rows)), [alter], signal, observer);
  const circumstances = await readCircumstances(admin);
  return { circumstances, safe, ledger: verdict, risky: risky.steps.at(-1)! };
}

async function checkLedgerOf(url: string, ledger: Ledger): Promise<LedgerVerdict> {
  await using connection = await connect(url);
  return await checkLedger(connection, ledger, 'created_at');
}

async function alterTypeOf(url: string): Promise<void> {
  await using connection = await connect(url);
  await alterType(connection);
}
