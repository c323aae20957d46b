import { setTimeout as delay } from 'node:timers/promises';
import { type Controls, writeControls } from '../../src/online-migration/state/backfill-controls.ts';
import { STRIPES } from '../../src/online-migration/backfill/plan/stripes.ts';
import { findWorkerProcesses } from '../../src/online-migration/backfill/plan/worker-name.ts';
import { namesOf } from '../../src/online-migration/change/names.ts';
import type { RunningCommand } from './command-line.ts';
import { connect, type DatabaseClient, WATCHER_NAME } from './database-client.ts';
import { eventColumn } from './event-change.ts';
import { startMikroOrm, startOnlineMigration } from './event-project/commands.ts';
import { createMigratedDatabase, openMigrator } from './event-project/migrator.ts';
import { insertSpreadEvents } from './spread-table.ts';

const POLL_MS = 20;

/** A range of the plan. */
interface RangeRow {
  readonly first_block: number;
  readonly stripe: number;
  readonly next_block: number;
  readonly rows_filled: number;
  readonly claimed_by: string | null;
}

/** A table before its backfill, and the backfill's processes. Disposing of it kills the running ones. */
export interface HandedOutBackfill extends AsyncDisposable {
  readonly url: string;
  readonly client: DatabaseClient;
  /** Starts `npx online-migration backfill work` with additional environment variables. */
  worker(env?: Readonly<Record<string, string>>): RunningCommand;
  /** Starts `npx mikro-orm …` with BACKFILL_WORKERS=0, by default `migration:up --to 0003`. */
  handOut(...args: string[]): RunningCommand;
  ranges(): Promise<RangeRow[]>;
  /** Resolves when this many worker processes are connected. */
  connected(workers: number): Promise<void>;
  /** Resolves when each worker has a partly filled range. */
  inTheMiddle(...workers: RunningCommand[]): Promise<void>;
  /** Number of jobs in one of pg-boss's states. */
  jobs(state: 'active' | 'retry'): Promise<number>;
  steer(controls: Partial<Controls>): Promise<void>;
}

/** A table of 60,000 rows at 0002, with several ranges. */
export async function prepareHandedOutBackfill(): Promise<HandedOutBackfill> {
  await using resources = new AsyncDisposableStack();
  const { url } = resources.use(await createMigratedDatabase('0001'));
  const client = resources.use(await connect(url, WATCHER_NAME));
  await insertSpreadEvents(client);
  await using migrator = await openMigrator(url);
  await migrator.go('0002');
  const owned = resources.move();
  const owning = (command: RunningCommand) => {
    owned.defer(async () => {
      command.process.kill('SIGKILL');
      await command.exitCode;
    });
    return command;
  };
  const ranges = () =>
    client.rows<RangeRow>(`
      select first_block::int, stripe, next_block::int, rows_filled::int, claimed_by
      from online_migration.backfill_range
      order by first_block`);
  return {
    url,
    client,
    worker: (env) => owning(startOnlineMigration(url, ['backfill', 'work'], env)),
    handOut: (...args) =>
      owning(
        startMikroOrm(url, args.length > 0 ? args : ['migration:up', '--to', '0003'], {
          BACKFILL_WORKERS: '0',
        }),
      ),
    ranges,
    connected: (workers) => until(async () => (await findWorkerProcesses(client)).length === workers),
    inTheMiddle: (...workers) =>
      until(async () => {
        const partly = (await ranges()).filter(
          (range) => (range.stripe > 0 || range.next_block > range.first_block) && isOpen(range),
        );
        return workers.every((worker) => partly.some((range) => isOf(worker, range)));
      }),
    jobs: (state) =>
      client.value<number>(`select count(*)::int from online_migration_queue.job where state::text = $1`, [
        state,
      ]),
    async steer(controls) {
      await writeControls(client, namesOf(eventColumn).change, controls);
    },
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  };
}

/** Resolves when the condition holds. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(POLL_MS);
}

/** Whether a range is not finished. */
export function isOpen({ stripe }: RangeRow): boolean {
  return stripe < STRIPES;
}

/** Whether a range belongs to the worker. */
export function isOf({ process }: RunningCommand, { claimed_by }: RangeRow): boolean {
  return claimed_by?.includes(`:${process.pid}/`) ?? false;
}

/** Resolves when each process has printed two more matching lines. */
export async function moreLines(pattern: RegExp, ...processes: RunningCommand[]): Promise<void> {
  const count = (process: RunningCommand) =>
    process
      .output()
      .split('\n')
      .filter((line) => pattern.test(line)).length;
  const before = processes.map(count);
  await until(async () => processes.every((process, n) => count(process) >= before[n]! + 2));
}
