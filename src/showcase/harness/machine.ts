import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import type { Connection } from './connection.ts';

const GIGABYTE = 2 ** 30;

/** The machine of a run. */
export interface Machine {
  readonly cores: number;
  /** The processor's model name. */
  readonly processor: string;
  readonly memoryBytes: number;
  /** The operating system and the first two numbers of its release. */
  readonly system: string;
  readonly postgres: string;
  readonly node: string;
}

/** @param connection to the server, to read its version */
export async function readMachine(connection: Connection): Promise<Machine> {
  const { rows } = await connection.query<{ version: string }>(
    `select current_setting('server_version') as version`,
  );
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memoryBytes: totalmem(),
    system: `${platform()} ${release().split('.').slice(0, 2).join('.')} ${arch()}`,
    postgres: rows[0]!.version,
    node: process.versions.node,
  };
}

/** The machine as a sentence. */
export function machineSentence({ cores, processor, memoryBytes, system, node }: Machine): string {
  const memoryGigabytes = Math.round(memoryBytes / GIGABYTE);
  return `Machine: ${cores} cores (${processor}), ${memoryGigabytes} GB of memory, ${system}, Node ${node}.`;
}
