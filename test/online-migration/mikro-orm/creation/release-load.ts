import { once } from 'node:events';
import { Pool } from 'pg';
import { SEED, seededRandom } from '../../../support/seeded-random.ts';

const CLIENTS = 2;
/** Longest pause of a client between two requests. Without pauses, the clients would use the whole server. */
const LONGEST_PAUSE_MS = 10;
let lastNumber = 1_000_000;

/** The columns of `orders` that a release writes and reads, with SQL expressions for the number `$1` of a request. */
export type ReleaseColumns = Readonly<Record<string, string>>;

/** Clients of a release, which insert, update and read rows of `orders`. */
export interface ReleaseLoad extends AsyncDisposable {
  readonly failures: readonly string[];
  /** The last acknowledged number of each own row, by id. */
  readonly acknowledged: ReadonlyMap<string, number>;
  readonly slowestMs: () => number;
  /** Resolves after this many more requests. */
  servedMore(requests: number): Promise<void>;
  /** Stops the clients after the requests in flight. */
  stop(): Promise<void>;
}

/** @param rows the number of the rows that are there: each has an id from 1 on */
export function startRelease(url: string, columns: ReleaseColumns, rows: number): ReleaseLoad {
  const pool = new Pool({ connectionString: url, application_name: 'application', max: CLIENTS });
  const names = Object.keys(columns);
  const insert = `insert into orders (${names.join(', ')}) values (${Object.values(columns).join(', ')}) returning id::text`;
  const update = `update orders set ${names.map((name) => `${name} = ${columns[name]}`).join(', ')} where id = $2 returning id::text`;
  const read = `select ${names.join(', ')} from orders where id = $1`;
  const failures: string[] = [];
  const acknowledged = new Map<string, number>();
  const served = new EventTarget();
  const stopping = new AbortController();
  let slowestMs = 0;

  const send = async (sql: string, values: unknown[]) => {
    const began = performance.now();
    const { rows: found } = await pool.query<{ id: string; total: number }>(sql, values);
    slowestMs = Math.max(slowestMs, performance.now() - began);
    if (found.length !== 1) throw new Error(`${found.length} rows of ${sql}`);
    return found[0]!;
  };
  const request = async (random: () => number, own: string[]) => {
    const number = (lastNumber += 1);
    const id = own[Math.floor(random() * own.length)];
    const choice = random();
    if (id === undefined || choice < 0.25) {
      const row = await send(insert, [number]);
      own.push(row.id);
      acknowledged.set(row.id, number);
    } else if (choice < 0.5) {
      await send(update, [number, id]);
      acknowledged.set(id, number);
    } else if (choice < 0.75) {
      const { total } = await send(read, [id]);
      if (total !== acknowledged.get(id))
        throw new Error(`Row ${id} has ${total} instead of ${acknowledged.get(id)}.`);
    } else {
      await send(read, [1 + Math.floor(random() * rows)]);
    }
  };
  const client = async (place: number) => {
    const random = seededRandom(`${SEED} release ${place}`);
    const own: string[] = [];
    while (!stopping.signal.aborted) {
      try {
        await request(random, own);
      } catch (error) {
        failures.push(String(error));
      }
      served.dispatchEvent(new Event('served'));
      await new Promise((resolve) => setTimeout(resolve, random() * LONGEST_PAUSE_MS));
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, place) => client(place));
  const stop = async () => {
    stopping.abort();
    await Promise.all(clients);
  };
  return {
    failures,
    acknowledged,
    slowestMs: () => slowestMs,
    servedMore: async (requests) => {
      for (let seen = 0; seen < requests; seen += 1) await once(served, 'served');
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await pool.end();
    },
  };
}
