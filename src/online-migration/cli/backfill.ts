import { readBackfillProgress, type BackfillProgress } from '../backfill/plan/progress.ts';
import { hasQueue } from '../backfill/plan/queue-schema.ts';
import { workerSessionName } from '../backfill/plan/worker-name.ts';
import { workOnRanges } from '../backfill/queue/worker-process.ts';
import { type ChangedColumn, changedColumnOf } from '../change/changed-column.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { emitTo } from '../change/emitter.ts';
import { namesOf } from '../change/names.ts';
import { logEvents } from '../observation/event-log.ts';
import { settingsOf } from '../phases/settings.ts';
import { Session } from '../postgres/session.ts';
import { type Controls, readControls, writeControls } from '../state/backfill-controls.ts';
import { chosenChange } from './project/chosen-change.ts';
import { connectionOf, describeConnection, loadConfig } from './project/config-file.ts';
import type { ProgramOptions } from './run-command.ts';
import { rowCount } from './row-count.ts';

/** Prints the progress of a change's backfill. */
export async function showBackfill(name: string | undefined, options: ProgramOptions): Promise<void> {
  await using database = await open(name, options);
  await printBackfill(database, options);
}

/** Changes the controls of a running backfill, and prints its progress. */
export async function setBackfill(
  name: string | undefined,
  controls: Partial<Controls>,
  options: ProgramOptions,
): Promise<void> {
  if (Object.values(controls).every((value) => value === undefined)) {
    throw new OnlineMigrationError('WRONG_USAGE', 'Name a setting: --batch-ms or --workers.');
  }
  await using database = await open(name, options);
  const { client, column } = database;
  if (controls.workers != null && (await hasQueue(client))) {
    throw new OnlineMigrationError(
      'WORKERS_ARE_PROCESSES',
      'The workers of this backfill are processes: start one more with `npx online-migration backfill work`, on any machine, ' +
        'or end one with Ctrl-C.',
    );
  }
  const hasBegun = (await readBackfillProgress(client, column)) !== null;
  if (!hasBegun || !(await writeControls(client, namesOf(column).change, controls))) {
    throw new OnlineMigrationError(
      'NO_BACKFILL',
      'No backfill is under way: it begins with the backfill phase.',
    );
  }
  await printBackfill(database, options);
}

/**
 * Fills ranges that a migrating process hands out, shows the progress, and prints the result.
 * @param signal ends it after the current batch
 */
export async function workForBackfill(
  name: string | undefined,
  { config: file, command }: ProgramOptions,
  signal: AbortSignal,
): Promise<void> {
  const config = await loadConfig(file);
  const column = changedColumnOf(chosenChange(name, { ...config, command }));
  const connection = await connectionOf(config);
  console.log(describeConnection(connection));
  using eventLog = logEvents((line) => console.log(line));
  await workOnRanges(column, {
    openSession: () => Session.open(connection, workerSessionName()),
    settings: settingsOf(config.settings).backfill,
    signal,
    emit: emitTo(eventLog.listen),
  });
  signal.throwIfAborted();
}

interface OpenDatabase extends AsyncDisposable {
  readonly client: Session;
  readonly column: ChangedColumn;
}

async function open(
  name: string | undefined,
  { config: file, json, command }: ProgramOptions,
): Promise<OpenDatabase> {
  const config = await loadConfig(file);
  const column = changedColumnOf(chosenChange(name, { ...config, command }));
  const connection = await connectionOf(config);
  if (!json) console.log(describeConnection(connection));
  const client = await Session.open(connection, 'online-migration control');
  return { client, column, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}

async function printBackfill({ client, column }: OpenDatabase, { json }: ProgramOptions): Promise<void> {
  const progress = await readBackfillProgress(client, column);
  const controls = progress === null ? null : await readControls(client, namesOf(column).change);
  if (json) console.log(JSON.stringify({ progress, controls }));
  else console.log(describeBackfill(progress, controls?.paused ?? false));
}

function describeBackfill(progress: BackfillProgress | null, isPaused: boolean): string {
  if (progress === null) return 'No backfill has begun.';
  const { rowsDone, rowsTotal, percent, rowsPerSecond, etaSeconds, pausedFor, finished } = progress;
  if (finished) {
    const pause = isPaused
      ? ' The phases that follow are paused: `npx online-migration backfill resume`.'
      : '';
    return `The backfill is finished: ${rowCount(rowsDone)} rows.${pause}`;
  }
  return (
    `${rowCount(rowsDone)} of ${rowCount(rowsTotal)} rows, ${percent.toFixed(1)} %, ` +
    `${rowCount(rowsPerSecond)} rows/s, time left ${etaSeconds === null ? 'unknown' : `${etaSeconds} s`}` +
    (pausedFor === null ? '' : `, waits: ${pausedFor}`)
  );
}
