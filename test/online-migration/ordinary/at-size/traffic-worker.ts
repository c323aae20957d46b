import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Client } from 'pg';
import { FRACTION } from './tables.ts';
import { REQUESTS, type Request } from './requests.ts';
import type { TrafficOptions, TrafficReport, Wait } from './traffic.ts';

// The clients of the traffic and a session that watches their locks, apart from the thread of the migrator.

const CLIENTS = 3;
const SAMPLE_PAUSE_MS = 3;

const { url, tables, rows, firstNumber } = workerData as TrafficOptions;
const port = parentPort!;
const failures = new Set<string>();
const waits = new Map<string, Wait>();
let requests = 0;
let longestRequestMs = 0;
let longestGapMs = 0;
const state = { isOver: false, isServing: true };

async function connected(): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'traffic' });
  client.on('error', (error) => failures.add(error.message));
  await client.connect();
  return client;
}

async function send(client: Client, { sql, values }: Request): Promise<void> {
  const began = performance.now();
  try {
    await client.query(sql, [...values]);
  } catch (error) {
    failures.add(`${sql}: ${(error as Error).message}`);
  }
  requests += 1;
  longestRequestMs = Math.max(longestRequestMs, performance.now() - began);
}

/** One of each request of each table. */
async function round(client: Client, place: number, turn: number): Promise<void> {
  for (const table of tables) {
    const { keyOf, read, update, insert } = REQUESTS[table];
    const some = keyOf(Math.random(), rows);
    // A client has the keys that leave its place as the rest.
    const key = some - (some % CLIENTS) + place;
    await send(client, read(key));
    if (update !== undefined) await send(client, update(key, `text ${turn}`));
    const number = firstNumber + turn * CLIENTS + place;
    if (insert !== undefined) await send(client, insert(number, Math.floor(rows / FRACTION.customers)));
  }
}

async function sample(watcher: Client, pids: readonly number[]): Promise<void> {
  let last = performance.now();
  while (state.isServing) {
    const found = await watcher.query<{ pid: number; since: string; kind: string; lock: string; ms: number }>(
      `select pid, waitstart::text as since, locktype as kind, mode || coalesce(' on ' || relation::regclass, '') as lock,
        extract(epoch from clock_timestamp() - waitstart)::float8 * 1000 as ms
      from pg_locks where not granted and waitstart is not null and pid = any($1)`,
      [pids],
    );
    for (const { pid, since, kind, lock, ms } of found.rows) waits.set(`${pid} ${since}`, { kind, lock, ms });
    const now = performance.now();
    longestGapMs = Math.max(longestGapMs, now - last);
    last = now;
    await delay(SAMPLE_PAUSE_MS);
  }
}

const clients = await Promise.all(Array.from({ length: CLIENTS }, connected));
const watcher = await connected();
const pids = await Promise.all(
  clients.map(
    async (client) => (await client.query<{ pid: number }>(`select pg_backend_pid() as pid`)).rows[0]!.pid,
  ),
);
await Promise.all(clients.map((client, place) => round(client, place, 0)));
port.once('message', () => (state.isOver = true));
const watching = sample(watcher, pids);
port.postMessage('ready');
longestRequestMs = 0;
await Promise.all(
  clients.map(async (client, place) => {
    let turn = 1;
    // The last round begins after the migration has ended.
    for (let isLast = false; !isLast; turn += 1) {
      isLast = state.isOver;
      await round(client, place, turn);
    }
  }),
);
state.isServing = false;
await watching;
await Promise.all([...clients, watcher].map((client) => client.end()));
const report: TrafficReport = {
  failures: [...failures],
  waits: [...waits.values()].toSorted((one, other) => other.ms - one.ms),
  requests,
  longestRequestMs,
  longestGapMs,
};
port.postMessage(report);
