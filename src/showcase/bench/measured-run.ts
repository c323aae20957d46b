import { readSpace } from './space.ts';
import { connect } from '../harness/connection.ts';
import { Ledger } from '../harness/ledger.ts';
import { checkLedger, type LedgerVerdict } from '../harness/ledger-check.ts';
import type { Load } from '../harness/load.ts';
import type { MethodDatabase, Outcome } from './method-run.ts';
import type { Method, MethodName } from './methods.ts';
import type { OwnedDatabase } from './template.ts';
import { type ApiExperience, underLoad } from './under-load.ts';

/** Starts a load on the API's URL; the ledger keeps what is acknowledged. */
export type LoadStarter = (apiUrl: string, ledger: Ledger) => Load;

/** What a method did, and what it cost the database. */
interface Measured extends Outcome {
  /** WAL of the whole server while the method ran, in bytes. */
  readonly walBytes: number;
  /** Size of the heap afterwards, as a multiple of the size before. */
  readonly heapGrowth: number;
  /** The same of the primary key, which is the only index. */
  readonly indexGrowth: number;
}

/** A method's run on a table of some size, with or without a load on the API. */
export interface MeasuredRun extends Measured {
  readonly method: MethodName;
  readonly rows: number;
  /** What the API's requests met; null if there was no load. */
  readonly api: ApiExperience | null;
  /** Every row afterwards, against what was seeded and what the API has acknowledged. */
  readonly ledger: LedgerVerdict;
}

/**
 * Runs a method on a database, and looks at every row afterwards.
 *
 * 1. What the method needs before it can begin; then a checkpoint.
 * 2. Where there is to be a load: the API in a process of its own, and the load on it.
 * 3. The method; the server's WAL and the table's sizes before and after.
 * 4. Compare every row with what was seeded and what the API has acknowledged.
 *
 * @param database a copy of the template, used for nothing else
 * @param startLoad null for a run without a load
 * @throws Error if a row is wrong that nobody wrote meanwhile, or that the sync trigger should have kept right
 */
export async function measureRun(
  method: Method,
  database: OwnedDatabase,
  startLoad: LoadStarter | null,
  signal: AbortSignal,
): Promise<MeasuredRun> {
  await using connection = await connect(database.url);
  const methodDatabase = { url: database.url, connection, signal };
  await method.prepare(methodDatabase);
  await connection.query('checkpoint');

  const ledger = new Ledger(database.rows);
  const measure = () => measureMethod(method, methodDatabase);
  const { result, api } =
    startLoad === null
      ? { result: await measure(), api: null }
      : await underLoad(database.url, (apiUrl) => startLoad(apiUrl, ledger), measure, signal);
  const verdict = await checkLedger(connection, ledger, method.column);
  if (startLoad === null || method.workers !== null) refuseWrongRows(method, verdict);
  return { method: method.name, rows: database.rows, ...result, api, ledger: verdict };
}

async function measureMethod(method: Method, database: MethodDatabase): Promise<Measured> {
  const before = await readSpace(database.connection);
  const outcome = await method.run(database);
  const after = await readSpace(database.connection);
  return {
    ...outcome,
    walBytes: after.walBytes - before.walBytes,
    heapGrowth: after.heapBytes / before.heapBytes,
    indexGrowth: after.indexBytes / before.indexBytes,
  };
}

function refuseWrongRows({ name }: Method, { missing, different }: LedgerVerdict): void {
  if (missing + different === 0) return;
  throw new Error(
    `${name} left ${missing} rows missing and ${different} rows with a wrong value: its numbers are worth nothing.`,
  );
}
