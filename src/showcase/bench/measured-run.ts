import { readSpace } from './space.ts';
import { connect } from '../harness/connection.ts';
import { Ledger } from '../harness/ledger.ts';
import { checkLedger, type LedgerVerdict } from '../harness/ledger-check.ts';
import type { Load } from '../harness/load.ts';
import type { Method, MethodDatabase, MethodName, Outcome, Variant } from './methods/method.ts';
import type { OwnedDatabase } from './template.ts';
import { type ApiExperience, underLoad } from './under-load.ts';

/** Starts a load on the API's URL. The ledger records the acknowledged writes. */
export type LoadStarter = (apiUrl: string, ledger: Ledger) => Load;

/** A method's result and its cost for the database. */
interface Measured extends Outcome {
  /** WAL of the whole server during the method, in bytes. */
  readonly walBytes: number;
  /** Size of the heap afterwards, as a multiple of the earlier size. */
  readonly heapGrowth: number;
  /** The same for the primary key, the only index. */
  readonly indexGrowth: number;
}

/** A method's run on a table, with or without a load on the API. */
export interface MeasuredRun extends Measured {
  readonly method: MethodName;
  readonly variant: Variant;
  readonly rows: number;
  /** The API's requests; null if there was no load. */
  readonly api: ApiExperience | null;
  /** The check of every row against the seeded values and the acknowledged writes. */
  readonly ledger: LedgerVerdict;
}

/**
 * Runs a method on a database and checks every row afterwards.
 *
 * 1. Prepare the method, then run a checkpoint.
 * 2. If there is a load, start the API as a separate process, and the load.
 * 3. Run the method. Measure the server's WAL and the table's sizes before and after.
 * 4. Compare every row with the seeded values and the acknowledged writes.
 *
 * @param database a copy of the template for this run only
 * @param startLoad null for a run without a load
 * @throws Error if a row is wrong that was not written meanwhile, or that the trigger should have kept correct
 */
export async function measureRun(
  method: Method,
  variant: Variant,
  database: OwnedDatabase,
  startLoad: LoadStarter | null,
  signal: AbortSignal,
): Promise<MeasuredRun> {
  await using connection = await connect(database.url);
  const methodDatabase = { url: database.url, connection, signal };
  await method.prepare(methodDatabase, variant);
  await connection.query('checkpoint');

  const ledger = new Ledger(database.rows);
  const measure = () => measureMethod(method, methodDatabase);
  const { result, api } =
    startLoad === null
      ? { result: await measure(), api: null }
      : await underLoad(database.url, (apiUrl) => startLoad(apiUrl, ledger), measure, signal);
  const verdict = await checkLedger(connection, ledger, method.column);
  if (startLoad === null || variant === 'kept') refuseWrongRows(method, verdict);
  return { method: method.name, variant, rows: database.rows, ...result, api, ledger: verdict };
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

/** Unexpected rows are right: a create whose response was too late for the client may have been committed. */
function refuseWrongRows({ name }: Method, { missing, different }: LedgerVerdict): void {
  if (missing + different === 0) return;
  throw new Error(
    `${name} left ${missing} rows missing and ${different} rows with a wrong value: its numbers are invalid.`,
  );
}
