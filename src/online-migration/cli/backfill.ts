import { type BackfillProgress, readProgressOf } from '../backfill/plan/progress.ts';
import { PAUSED_BY_HAND } from '../backfill/throttle/throttle-check.ts';
import { ABANDONED, isLeft, readUnfinished, type Unfinished } from '../backfill/unfinished.ts';
import { readStage } from '../observation/stage.ts';
import { hasQueue } from '../backfill/plan/queue-schema.ts';
import { workerSessionName } from '../backfill/plan/worker-name.ts';
import { workOnRanges } from '../backfill/queue/worker-process.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { emitTo } from '../change/emitter.ts';
import { logEvents } from '../observation/event-log.ts';
import { settingsOf } from '../phases/settings.ts';
import { Session } from '../postgres/session.ts';
import { type Controls, readControls, writeControls } from '../state/backfill-controls.ts';
import { type ChosenBackfill, chosenBackfill } from './project/chosen-backfill.ts';
import { chosenChange } from './project/chosen-change.ts';
import { connectionOf, describeConnection, loadConfig } from './project/config-file.ts';
import type { ProgramOptions } from './run-command.ts';
import { rejectsText, rowCount, rowsOf } from '../change/row-count.ts';

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
  const { client, chosen } = database;
  if (controls.workers != null && (await hasQueue(client))) {
    throw new OnlineMigrationError(
      'WORKERS_ARE_PROCESSES',
      'The workers of this backfill are processes: start one more with `npx online-migration backfill work`, on any machine, ' +
        'or end one with Ctrl-C.',
    );
  }
  const hasBegun = (await readProgressOf(client, chosen.name)) !== null;
  if (!hasBegun || !(await writeControls(client, chosen.name, controls))) {
    throw new OnlineMigrationError(
      'NO_BACKFILL',
      'No backfill is under way: it begins with the backfill phase.',
    );
  }
  await printBackfill(database, options, confirmationOf(controls));
}

/** The sentence that confirms a pause or its end; none for other controls, which the progress shows. */
function confirmationOf({ paused }: Partial<Controls>): string | undefined {
  if (paused === undefined) return undefined;
  return paused
    ? 'Paused, until `npx online-migration backfill resume`.'
    : 'Resumed: the pause by hand has ended.';
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
  const change = chosenChange(name, { ...config, command });
  const connection = await connectionOf(config);
  console.log(describeConnection(connection));
  using eventLog = logEvents((line) => console.log(line));
  await workOnRanges(change, {
    openSession: () => Session.open(connection, workerSessionName()),
    settings: settingsOf(config.settings).backfill,
    signal,
    emit: emitTo(eventLog.listen),
  });
  signal.throwIfAborted();
}

interface OpenDatabase extends AsyncDisposable {
  readonly client: Session;
  readonly chosen: ChosenBackfill;
}

async function open(
  name: string | undefined,
  { config: file, json, command }: ProgramOptions,
): Promise<OpenDatabase> {
  const config = await loadConfig(file);
  const connection = await connectionOf(config);
  if (!json) console.log(describeConnection(connection));
  const client = await Session.open(connection, 'online-migration control');
  const close = () => client[Symbol.asyncDispose]();
  try {
    const chosen = await chosenBackfill(client, name, { ...config, command });
    return { client, chosen, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function printBackfill(
  { client, chosen }: OpenDatabase,
  { json }: ProgramOptions,
  confirmation?: string,
): Promise<void> {
  const { name, change } = chosen;
  const progress = await readProgressOf(client, name);
  const controls = progress === null ? null : await readControls(client, name);
  const unfinished = await unfinishedOf(client, change, progress);
  if (json) return console.log(JSON.stringify({ progress, controls, ...unfinished }));
  if (confirmation !== undefined) console.log(confirmation);
  if (progress === null || controls === null) {
    // A fill that has ended leaves nothing.
    if (change === null) return console.log(`The fill of ${name} has ended.`);
    const stage = await readStage(client, change);
    const isOver = stage === 'contracted' || stage === 'renamed';
    return console.log(
      isOver ? `The change is at ${stage}: it needs no backfill any more.` : 'No backfill has begun.',
    );
  }
  console.log(describeBackfill(progress, controls.paused, unfinished));
}

/** A fill names the rows that it leaves when it ends. */
async function unfinishedOf(
  client: Session,
  change: ColumnChange | null,
  progress: BackfillProgress | null,
): Promise<Unfinished> {
  if (change !== null) return readUnfinished(client, change, progress);
  return { isAbandoned: progress !== null && (await isLeft(client, progress)), rejects: 0 };
}

function describeBackfill(
  progress: BackfillProgress,
  isPaused: boolean,
  { isAbandoned, rejects }: Unfinished,
): string {
  const { rowsDone, rowsTotal, percent, rowsPerSecond, etaSeconds, finished } = progress;
  if (finished) {
    const pause = isPaused
      ? ' The phases that follow are paused: `npx online-migration backfill resume`.'
      : '';
    const left = rejects === null || rejects === 0 ? '' : ` ${rejectsText(rejects)}.`;
    return `The backfill is finished: ${rowsOf(rowsDone)}.${left}${pause}`;
  }
  const done = `${rowCount(rowsDone)} of ${rowsOf(rowsTotal)}, ${percent.toFixed(1)} %`;
  if (isAbandoned) return `${done}; ${ABANDONED}`;
  const reason = pauseNow(progress, isPaused);
  return (
    `${done}, ${rowCount(rowsPerSecond)} rows/s, time left ${etaSeconds === null ? 'unknown' : `${etaSeconds} s`}` +
    (reason === null ? '' : `, waits: ${reason}`)
  );
}

/** The reason for waiting. The migrating process writes its own down a moment after the controls have changed. */
function pauseNow({ pausedFor }: BackfillProgress, isPaused: boolean): string | null {
  if (isPaused) return PAUSED_BY_HAND;
  return pausedFor === PAUSED_BY_HAND ? null : pausedFor;
}
