import type { LoadShape } from '../harness/closed-load.ts';
import type { Connection } from '../harness/connection.ts';
import { type Machine, machineSentence, readMachine } from '../harness/machine.ts';
import { SETTINGS } from '../harness/server.ts';

/**
 * The pauses leave the processor partly idle. Otherwise the latencies would measure the wait for the processor, not for
 * the database.
 */
export const LOAD: LoadShape = { clients: 8, longestPauseMs: 40 };

/** The circumstances that influence the results. */
export interface Circumstances {
  readonly load: LoadShape;
  readonly settings: typeof SETTINGS;
  readonly machine: Machine;
}

/** @param connection to the server, to read its version */
export async function readCircumstances(connection: Connection): Promise<Circumstances> {
  return { load: LOAD, settings: SETTINGS, machine: await readMachine(connection) };
}

/** The circumstances in four lines. */
export function circumstancesText({ load, settings, machine }: Circumstances): string {
  const settingList = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return [
    `Load: ${load.clients} clients; each pauses up to ${load.longestPauseMs} ms between two requests.`,
    machineSentence(machine),
    `Database: PostgreSQL ${machine.postgres}, durable commits.`,
    `Settings: ${settingList.join(', ')}.`,
  ].join('\n');
}
