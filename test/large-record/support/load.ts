import { SEED, seededRandom } from '../../support/seeded-random.ts';
import { type Answer, send } from '../../support/send.ts';

let loadsStarted = 0;

/** The exact expected answer of a record. */
interface Acknowledged {
  readonly name: string;
  readonly created_at: string;
}

/** Clients that read and write over HTTP, and a ledger of every acknowledged write. */
export interface Load extends AsyncDisposable {
  /** Requests with the expected answers. */
  readonly served: number;
  /** The other requests with their answers. */
  readonly failures: readonly string[];
  /**
   * The last acknowledged write by id; null for a deleted record. A record is removed after an unacknowledged write,
   * because its value is then unknown.
   */
  readonly ledger: ReadonlyMap<number, Acknowledged | null>;
  /** Resolves after this many more served requests. */
  servedMore(requests: number): Promise<void>;
  /** Stops the clients after the requests in flight. */
  stop(): Promise<void>;
}

/**
 * Starts clients that run until they are stopped. Each writes its own records, so the order of a record's writes is
 * known.
 * @param urls of the API, one or several
 * @param clients number of concurrent clients
 * @param reads whether a read must return the last write, or may return any earlier one
 */
export function startLoad(
  urls: readonly string[],
  clients: number,
  reads: 'current' | 'late' = 'current',
): Load {
  const seed = `${SEED} load ${loadsStarted++}`;
  const failures: string[] = [];
  const ledger = new Map<number, Acknowledged | null>();
  const waiting = new Set<() => void>();
  let served = 0;
  let attempts = 0;
  const stopping = new AbortController();

  const request = async (expected: number, path: string, options?: Parameters<typeof send>[1]) => {
    const url = urls[attempts++ % urls.length]!;
    const what = `${options?.method ?? 'GET'} ${path} ${JSON.stringify(options?.body) ?? ''}`;
    try {
      const answer = await send(`${url}${path}`, options);
      if (answer.status === expected) {
        served++;
        for (const look of waiting) look();
        return answer;
      }
      failures.push(`${what}: ${answer.status} ${answer.text}`);
    } catch (error) {
      failures.push(`${what}: ${String(error)}`);
    }
    return undefined;
  };
  const expectBody = (what: string, answer: Answer | undefined, id: number, record: Acknowledged) => {
    const body = JSON.stringify({ id, ...record });
    if (answer !== undefined && answer.text !== body)
      failures.push(`${what}: ${answer.text} instead of ${body}`);
  };

  const written = new Map<number, Set<string>>();
  const acknowledge = (id: number, record: Acknowledged) => {
    ledger.set(id, record);
    if (!written.has(id)) written.set(id, new Set());
    written.get(id)!.add(JSON.stringify({ id, ...record }));
  };
  const expectRead = (answer: Answer | undefined, id: number) => {
    if (reads === 'current') expectBody('GET', answer, id, ledger.get(id)!);
    else if (answer !== undefined && !written.get(id)!.has(answer.text)) {
      failures.push(`GET: ${answer.text}, which was never written`);
    }
  };

  const client = async (random: () => number) => {
    const own: number[] = [];
    const doubt = (id: number) => {
      own.splice(own.indexOf(id), 1);
      ledger.delete(id);
    };
    while (!stopping.signal.aborted) {
      const choice = random();
      const id = own[Math.floor(random() * own.length)];
      const record = { name: `client ${Math.floor(random() * 1e9)}`, created_at: randomTimestamp(random) };
      if (id === undefined || choice < 0.25) {
        const answer = await request(201, '/large_records', { method: 'POST', body: record });
        const newId = Number(answer?.headers.get('Location')?.replace('/large_records/', ''));
        if (answer === undefined) continue;
        expectBody('POST', answer, newId, record);
        own.push(newId);
        acknowledge(newId, record);
      } else if (choice < 0.5) {
        const body = choice < 0.4 ? record : { name: record.name };
        const answer = await request(200, `/large_records/${id}`, { method: 'PATCH', body });
        const now = { ...ledger.get(id)!, ...body };
        expectBody('PATCH', answer, id, now);
        if (answer === undefined) doubt(id);
        else acknowledge(id, now);
      } else if (choice < 0.53) {
        const answer = await request(204, `/large_records/${id}`, { method: 'DELETE' });
        doubt(id);
        if (answer !== undefined) ledger.set(id, null);
      } else if (choice < 0.8) {
        expectRead(await request(200, `/large_records/${id}`), id);
      } else {
        const answer = await request(200, `/list_large/?limit=20&after=${Math.floor(random() * 1000)}`);
        if (answer !== undefined && !LIST_FORM.test(answer.text)) failures.push(`list: ${answer.text}`);
      }
    }
  };
  const running = Promise.all(
    Array.from({ length: clients }, (_, n) => client(seededRandom(`${seed}:${n}`))),
  );
  const stop = async () => {
    stopping.abort();
    await running;
  };
  return {
    get served() {
      return served;
    },
    failures,
    ledger,
    servedMore: (requests) => {
      const goal = served + requests;
      return new Promise((resolve) => {
        const look = () => {
          if (served < goal) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const LIST_FORM =
  /^\{"records":\[(\{"id":\d+,"name":"[^"]*","created_at":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"\},?)*\],"count":\d+\}$/;

function randomTimestamp(random: () => number): string {
  const seconds = Math.floor(random() * 4e9) - 2e9;
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}
