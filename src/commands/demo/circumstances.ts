import { availableParallelism, totalmem } from 'node:os';
import { LOAD } from './load.ts';
import type { Connection } from './connection.ts';

/**
 * What the server has in postgresql.conf. Commits are durable, as by default; the memory fits a small machine, and room in
 * the WAL keeps checkpoints, which are no part of the comparison, from coming in between.
 */
export const SETTINGS = { shared_buffers: '256MB', max_wal_size: '4GB' } as const;

const GIGABYTE = 2 ** 30;

/** What the numbers of a run depend on. */
export interface Circumstances {
  readonly load: typeof LOAD;
  readonly settings: typeof SETTINGS;
  readonly machine: {
    readonly cores: number;
    readonly memoryBytes: number;
    readonly postgres: string;
    readonly node: string;
  };
}

/** @param connection to the server, which says its version */
export async function readCircumstances(connection: Connection): Promise<Circumstances> {
  const { rows } = await connection.query<{ version: string }>(
    `select current_setting('server_version') as version`,
  );
  const machine = {
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    postgres: rows[0]!.version,
    node: process.versions.node,
  };
  return { load: LOAD, settings: SETTINGS, machine };
}

/** The circumstances in three lines. */
export function circumstancesText({ load, settings, machine }: Circumstances): string {
  const settingList = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const memoryGigabytes = Math.round(machine.memoryBytes / GIGABYTE);
  return [
    `Load: ${load.clients} clients; each pauses up to ${load.longestPauseMs} ms between two requests.`,
    `Machine: ${machine.cores} cores, ${memoryGigabytes} GB of memory, Node ${machine.node}.`,
    `Database: PostgreSQL ${machine.postgres}, durable commits, ${settingList.join(', ')}.`,
  ].join('\n');
}
