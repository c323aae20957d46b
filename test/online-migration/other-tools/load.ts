import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { ColumnFollower } from 'online-migration';

/** Exports of each file in docs/other-tools.md that follows the active column. */
interface Orders {
  readonly follower: ColumnFollower;
  readonly addOrder: (total: string) => Promise<string>;
  readonly setTotal: (id: string, total: string) => Promise<void>;
  readonly readTotal: (id: string) => Promise<string | undefined>;
}

/** Message of the load to its parent after each request. */
export interface Served {
  /** The column that was active after the request. */
  readonly column: string;
  /** Why the request failed, or why its response is wrong. */
  readonly failure?: string;
}

/** The last message of the load: the totals that were acknowledged, by id. */
export interface Acknowledged {
  readonly acknowledged: readonly (readonly [id: string, total: string])[];
}

const CLIENTS = 3;
/** Clients pause so long between two orders, or they would be all that the server has to do. */
const PAUSE_MS = 4;

const { follower, addOrder, setTotal, readTotal } = (await import(process.argv[2]!)) as Orders;
const acknowledged = new Map<string, string>();
const stopping = new AbortController();
let lastNumber = 1_000_000;

/** Adds an order, changes it, and reads it after each of the two. */
async function serve(): Promise<void> {
  let id: string | undefined;
  const requests = [
    async (total: string) => (id = await addOrder(total)),
    (total: string) => setTotal(id!, total),
  ];
  for (const request of requests) {
    const total = `${(lastNumber += 1)}.50`;
    await request(total);
    acknowledged.set(id!, total);
    const read = await readTotal(id!);
    if (read !== total) throw new Error(`Order ${id} has ${read} instead of ${total}.`);
  }
}

async function client(): Promise<void> {
  while (!stopping.signal.aborted) {
    const failure = await serve().then(
      () => undefined,
      (error: unknown) => String(error),
    );
    await delay(PAUSE_MS);
    const { name: column } = await follower.current();
    process.send!({ column, ...(failure === undefined ? {} : { failure }) } satisfies Served);
  }
}

const clients = Array.from({ length: CLIENTS }, client);
await once(process, 'message');
stopping.abort();
await Promise.all(clients);
process.send!({ acknowledged: [...acknowledged] } satisfies Acknowledged, () => process.exit());
