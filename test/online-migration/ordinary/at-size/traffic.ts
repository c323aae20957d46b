import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LoadedTable } from './requests.ts';

/** The traffic of one migration. */
export interface TrafficOptions {
  /** Of the database. */
  readonly url: string;
  readonly tables: readonly LoadedTable[];
  /** Of each large table. */
  readonly rows: number;
  /** The numbers of inserted rows begin with it. */
  readonly firstNumber: number;
}

/** A lock that a request has waited for. */
export interface Wait {
  /** As in `pg_locks`: `relation`, `transactionid`. */
  readonly kind: string;
  /** The mode and the table. */
  readonly lock: string;
  /** The longest wait that was seen. */
  readonly ms: number;
}

export interface TrafficReport {
  readonly failures: readonly string[];
  /** The longest first. */
  readonly waits: readonly Wait[];
  readonly requests: number;
  readonly longestRequestMs: number;
  /** The longest time between two looks at the locks: how late the machine served a session that waits for nobody. */
  readonly longestGapMs: number;
}

/** Clients that read and write without a pause, in a thread of their own. */
export interface Traffic extends AsyncDisposable {
  /** Ends it after one more round of all requests. */
  readonly stop: () => Promise<TrafficReport>;
}

/** Starts the traffic, and waits for its first round. */
export async function startTraffic(options: TrafficOptions): Promise<Traffic> {
  const worker = new Worker(new URL('traffic-worker.ts', import.meta.url), { workerData: options });
  await once(worker, 'message');
  return {
    stop: async () => {
      const reported = once(worker, 'message');
      worker.postMessage('stop', []);
      const [report] = (await reported) as [TrafficReport];
      return report;
    },
    [Symbol.asyncDispose]: async () => {
      await worker.terminate();
    },
  };
}
