import { numberPieces } from '../bench/pieces.ts';
import { type Machine, readMachine } from '../harness/machine.ts';
import { connect } from '../harness/connection.ts';
import { startServer } from '../harness/server.ts';
import { rowCount } from '../../command-line/row-count.ts';
import type { BenchObserver } from '../bench/progress.ts';
import { createTemplate, useCopy } from '../bench/template.ts';
import { readToldSettings } from '../bench/told-settings.ts';
import { type ChangeRun, measureChange } from './change-run.ts';
import { totalOf } from './targets.ts';

/** Options of the benchmark. */
export interface BenchChangeOptions {
  /** The sizes of the table. */
  readonly rows: readonly number[];
  /** The numbers of workers; each one runs the whole change at each size. */
  readonly workers: readonly number[];
}

/** The measurements and their circumstances. */
export interface BenchChangeResult extends BenchChangeOptions {
  /** Start time, ISO 8601. */
  readonly began: string;
  /** Total duration. */
  readonly seconds: number;
  readonly machine: Machine;
  /** The relevant server settings by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** For each size, a run for each number of workers. */
  readonly runs: readonly ChangeRun[];
}

/**
 * Measures the whole change as a user waits for it, on one throwaway server:
 *
 * 1. For each size, seed a template.
 * 2. For each number of workers, carry out the change on a copy, phase by phase, and revert it.
 *
 * @param signal stops it early; everything it started has ended when this function returns
 * @throws Error if a migration fails, or if the way back does not restore each row
 */
export async function runBenchChange(
  options: BenchChangeOptions,
  signal: AbortSignal,
  observer: BenchObserver,
): Promise<BenchChangeResult> {
  const began = new Date();
  const pieces = options.rows.length * (1 + options.workers.length);
  const piece = numberPieces(pieces, signal, observer);

  await using server = await startServer(signal);
  await using admin = await connect(server.url());
  const runs: ChangeRun[] = [];
  for (const rows of options.rows) {
    await using template = await piece(
      `seed ${rowCount(rows)} rows`,
      () => createTemplate({ server, admin }, rows, signal),
      () => 'done',
    );
    for (const workers of options.workers) {
      const run = await piece(
        `the change of ${rowCount(rows)} rows, and its way back, workers: ${workers}`,
        () => useCopy({ server, admin }, template, (copy) => measureChange(copy, workers, signal)),
        describeRun,
      );
      runs.push(run);
    }
  }
  return {
    ...options,
    began: began.toISOString(),
    seconds: (Date.now() - began.getTime()) / 1000,
    machine: await readMachine(admin),
    settings: await readToldSettings(admin),
    runs,
  };
}

function describeRun(run: ChangeRun): string {
  return `${totalOf(run, 'up').toFixed(1)} s, back ${totalOf(run, 'down').toFixed(1)} s`;
}
