import { once } from 'node:events';
import { escapeIdentifier, Pool } from 'pg';
import { seededRandom, SEED } from '../../../support/seeded-random.ts';

const CLIENTS = 2;
/** Longest pause of a client between two requests. Without pauses, the clients would use the whole server. */
const LONGEST_PAUSE_MS = 10;

/** A table with columns that an edit leaves alone. */
export interface KeptTable {
  /** Schema and name, quoted. */
  readonly name: string;
  readonly key: string;
  readonly columns: readonly string[];
}

/** Clients that read and write the columns that an edit leaves alone. */
export interface KeptColumnsLoad extends AsyncDisposable {
  readonly failures: readonly string[];
  /** Resolves after this many more requests. */
  servedMore(requests: number): Promise<void>;
}

/**
 * Reads rows and writes their own values, without a pause longer than some milliseconds.
 * @param rows each table has ids from 1 to this number
 */
export function startKeptColumnsLoad(
  url: string,
  tables: readonly KeptTable[],
  rows: number,
): KeptColumnsLoad {
  const pool = new Pool({ connectionString: url, application_name: 'application', max: CLIENTS });
  const failures: string[] = [];
  const served = new EventTarget();
  const stopping = new AbortController();
  const requests = tables.flatMap(({ name, key, columns }) => {
    const quoted = columns.map((column) => escapeIdentifier(column));
    const set = quoted.map((column) => `${column} = ${column}`).join(', ');
    return [
      `select ${[escapeIdentifier(key), ...quoted].join(', ')} from ${name} where ${escapeIdentifier(key)} = $1`,
      ...(columns.length === 0 ? [] : [`update ${name} set ${set} where ${escapeIdentifier(key)} = $1`]),
    ];
  });
  const client = async (place: number) => {
    const random = seededRandom(`${SEED} kept ${place}`);
    while (!stopping.signal.aborted) {
      const sql = requests[Math.floor(random() * requests.length)]!;
      try {
        const { rowCount } = await pool.query(sql, [1 + Math.floor(random() * rows)]);
        if (rowCount !== 1) failures.push(`${rowCount} rows: ${sql}`);
      } catch (error) {
        failures.push(`${String(error)}: ${sql}`);
      }
      served.dispatchEvent(new Event('served'));
      await new Promise((resolve) => setTimeout(resolve, random() * LONGEST_PAUSE_MS));
    }
  };
  // An edit that changes the only table's key or name leaves nothing alone.
  const clients = Array.from({ length: requests.length === 0 ? 0 : CLIENTS }, (_, place) => client(place));
  return {
    failures,
    servedMore: async (count) => {
      for (let seen = 0; seen < count; seen += 1) await once(served, 'served');
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await Promise.all(clients);
      await pool.end();
    },
  };
}
