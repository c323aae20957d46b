import { EventEmitter, once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { escapeIdentifier, Pool } from 'pg';
import { followColumn } from '../../../src/online-migration/follow/follow-column.ts';
import type { DatabaseClient } from '../database-client.ts';
import { partChange } from './part-change.ts';

const CLIENTS = 3;
/** Pause of a client between two requests. Without pauses, the clients would use the whole server. */
const PAUSE_MS = 10;
/** Numbers of the rows that exist in `bin`. */
const BINS = 500;

/** Clients that write and read all five columns of `part` through the active ones. */
export interface PartLoad extends AsyncDisposable {
  readonly failures: readonly string[];
  /**
   * Resolves when some more requests have been answered.
   * @throws the error of a request
   */
  servedMore(requests: number): Promise<void>;
  stop(): Promise<void>;
  /** The rows that do not have their last acknowledged number in each column. */
  findWrong(client: DatabaseClient): Promise<unknown[]>;
}

/** The values of a number, in SQL, for the old or the new types. */
function valuesOf(form: string, number: string): string[] {
  const [integer, time] = form === 'old' ? ['integer', 'timestamp'] : ['bigint', 'timestamptz'];
  const at = (start: string) =>
    `(timestamptz '${start} 00:00:00+00' + ${number}::int * interval '1 minute')${time === 'timestamp' ? ` at time zone 'UTC'` : ''}`;
  const price = `(${number}::int + 0.25)`;
  return [
    `${number}::${integer}`,
    `${number}::${integer} + 1`,
    form === 'old' ? `${price}::text` : `${price}::numeric(12,2)`,
    at('2025-01-01'),
    `case when ${number}::int % 4 > 0 then ${at('2025-06-01')} end`,
  ];
}

/** Starts the clients. */
export async function startPartLoad(url: string): Promise<PartLoad> {
  const pool = new Pool({ connectionString: url, max: CLIENTS + 1 });
  pool.on('error', () => undefined);
  const follower = await followColumn({ change: partChange, pool, connection: url, log: () => undefined });
  const failures: string[] = [];
  const acknowledged = new Map<string, number>();
  const requests = new EventEmitter();
  requests.setMaxListeners(0);
  const stopped = new AbortController();
  const columns = partChange.columns.map(({ from }) => from.name);

  const write = async (number: number, id: string | undefined) =>
    follower.run(async ({ form, nameOf }) => {
      const names = columns.map((name) => escapeIdentifier(nameOf(name)));
      const values = valuesOf(form, '$1');
      const { rows } =
        id === undefined
          ? await pool.query<{ id: string }>(
              `insert into part (${names.join(', ')}) values (${values.join(', ')}) returning id::text`,
              [number],
            )
          : await pool.query<{ id: string }>(
              `update part set ${names.map((name, place) => `${name} = ${values[place]}`).join(', ')} where id = $2 returning id::text`,
              [number, id],
            );
      return rows[0]!.id;
    });
  const read = async (number: number, id: string) =>
    follower.run(async ({ form, nameOf }) => {
      const values = valuesOf(form, '$1');
      const areRight = columns.map(
        (name, place) => `${escapeIdentifier(nameOf(name))} is not distinct from (${values[place]})`,
      );
      const { rows } = await pool.query<{ is_right: boolean }>(
        `select ${areRight.join(' and ')} as is_right from part where id = $2`,
        [number, id],
      );
      if (!rows[0]?.is_right) throw new Error(`The row ${id} does not have the number ${number} on ${form}.`);
    });
  const client = async (place: number) => {
    for (let turn = place; !stopped.signal.aborted; turn += CLIENTS) {
      try {
        const first = 1 + (turn % BINS);
        const id = await write(first, undefined);
        acknowledged.set(id, first);
        const second = 1 + ((turn * 7) % BINS);
        await write(second, id);
        acknowledged.set(id, second);
        await read(second, id);
      } catch (error) {
        // It ends at the first failure, so that it does not outlive a test.
        failures.push((error as Error).message);
        stopped.abort(error);
      }
      requests.emit('served');
      await setTimeout(PAUSE_MS);
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, place) => client(place));
  const load: PartLoad = {
    failures,
    async servedMore(wanted) {
      for (let served = 0; served < wanted; served += 1)
        await once(requests, 'served', { signal: stopped.signal });
    },
    async stop() {
      stopped.abort();
      await Promise.all(clients);
    },
    async findWrong(reader) {
      const ids = [...acknowledged.keys()];
      const right = columns.map(
        (name, place) =>
          `${escapeIdentifier(name)} is not distinct from (${valuesOf('renamed', 'a.n')[place]})`,
      );
      const wrong = await reader.rows(
        `
        select a.id, a.n from unnest($1::bigint[], $2::int[]) as a (id, n)
        left join part p on p.id = a.id
        where (${right.join(' and ')}) is not true limit 5`,
        [ids, ids.map((id) => acknowledged.get(id))],
      );
      return wrong;
    },
    async [Symbol.asyncDispose]() {
      await load.stop();
      await follower[Symbol.asyncDispose]();
      await pool.end();
    },
  };
  return load;
}
