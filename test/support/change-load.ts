import { once } from 'node:events';
import { escapeIdentifier, Pool } from 'pg';
import { ActiveColumnFollower } from '../../src/online-migration/follow/active-column-follower.ts';
import type { ActiveColumn } from '../../src/online-migration/follow/active-column.ts';
import type { ColumnChange } from '../../src/online-migration/change/column-change.ts';
import { changeNamesOf } from '../../src/online-migration/change/names.ts';
import { keepPresence } from '../../src/online-migration/follow/presence-session.ts';
import { poolNameOf } from '../../src/online-migration/follow/presence.ts';
import { SEED, seededRandom } from './seeded-random.ts';

const CLIENTS = 3;
/** Longest pause of a client between two requests. Without pauses, the clients would use the whole server. */
const LONGEST_PAUSE_MS = 15;

/** The active column, or the first one of several, quoted; and the others by their old names. */
type Active = Pick<ActiveColumn, 'form'> & {
  readonly column: string;
  readonly columnOf: (oldColumn: string) => string;
};

/** The SQL of the clients, for the active column. */
export interface LoadStatements {
  /** Value: a number. Returns the row's `id` as text. */
  readonly insert: (active: Active) => string;
  /** Values: a number, the row's id. Returns a row if it exists. */
  readonly update: (active: Active) => string;
  /** Value: the row's id. Returns `n` as text, and whether the row is `right`. */
  readonly read: (active: Active) => string;
}

/** Clients that write and read their own rows through the active columns. */
export interface ChangeLoad extends AsyncDisposable {
  readonly failures: readonly string[];
  /** The last acknowledged number of each row, by id. */
  acknowledged(): Map<string, bigint>;
  /** Resolves after this many more requests. */
  servedMore(requests: number): Promise<void>;
  /** Stops the clients after the requests in flight. */
  stop(): Promise<void>;
}

/** Starts clients that run until they are stopped. */
export async function startChangeLoad(
  url: string,
  change: ColumnChange,
  statements: LoadStatements,
): Promise<ChangeLoad> {
  const pool = new Pool({ connectionString: url, application_name: poolNameOf(change), max: CLIENTS });
  pool.on('error', () => undefined);
  const follower = new ActiveColumnFollower(change, pool);
  const presence = await keepPresence({
    change,
    connection: () => ({ connectionString: url }),
    follower,
    log: () => undefined,
  });
  const acknowledged = new Map<string, bigint>();
  const failures: string[] = [];
  const served = new EventTarget();
  const stopping = new AbortController();
  let lastNumber = 1_000_000n;

  const run = (what: keyof LoadStatements, values: string[]) =>
    follower.run(async ({ form, names, nameOf }) => {
      const columnOf = (oldColumn: string) => escapeIdentifier(nameOf(oldColumn));
      const sql = statements[what]({ form, column: escapeIdentifier(names[0]!), columnOf });
      const { rows } = await pool.query<{ id: string; n: string; right: boolean }>(sql, values);
      return rows[0];
    });
  const request = async (random: () => number, own: string[]) => {
    const id = own.length > 0 ? own[Math.floor(random() * own.length)] : undefined;
    const choice = random();
    const number = (lastNumber += 1n);
    if (id === undefined || choice < 0.3) {
      const row = await run('insert', [String(number)]);
      own.push(row!.id);
      acknowledged.set(row!.id, number);
    } else if (choice < 0.65) {
      const row = await run('update', [String(number), id]);
      if (row === undefined) throw new Error(`Row ${id} is gone.`);
      acknowledged.set(id, number);
    } else {
      const row = await run('read', [id]);
      if (row?.right !== true || row.n !== String(acknowledged.get(id))) {
        throw new Error(`Row ${id} is ${JSON.stringify(row)} instead of ${acknowledged.get(id)}.`);
      }
    }
  };
  const client = async (number: number) => {
    const random = seededRandom(`${SEED} ${changeNamesOf(change).change} client ${number}`);
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
  const clients = Array.from({ length: CLIENTS }, (_, number) => client(number));
  const stop = async () => {
    stopping.abort();
    await Promise.all(clients);
  };
  return {
    failures,
    acknowledged: () => new Map(acknowledged),
    servedMore: async (requests) => {
      for (let seen = 0; seen < requests; seen += 1) await once(served, 'served');
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await presence[Symbol.asyncDispose]();
      await pool.end();
    },
  };
}
