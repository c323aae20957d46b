import { setTimeout as delay } from 'node:timers/promises';
import { createLogUpdate } from 'log-update';
import type { ClientConfig } from 'pg';
import { readUnfinished } from '../backfill/unfinished.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { type Observer, openObserver } from '../observation/observer.ts';
import { findActiveStatements } from '../observation/active-statements.ts';
import { readOverview } from '../observation/overview.ts';
import { describeDatabaseError } from '../postgres/database-error.ts';
import { chosenChange } from './project/chosen-change.ts';
import { connectionOf, describeConnection, loadConfig } from './project/config-file.ts';
import type { ProgramOptions } from './run-command.ts';
import { describeStatus, type WatchedStatus } from './status-text.ts';

const WATCH_INTERVAL_MS = 1_000;
/** Columns of an output without a width, such as a pipe. */
const DEFAULT_COLUMNS = 80;

/** Prints the progress of a change and the current activity on its table. */
export async function showStatus(
  name: string | undefined,
  { config: file, json = false, watch, command }: ProgramOptions & { readonly watch: boolean },
  signal: AbortSignal,
): Promise<void> {
  const config = await loadConfig(file);
  const change = chosenChange(name, { ...config, command });
  const connection = await connectionOf(config);
  const write = json ? (status: WatchedStatus) => JSON.stringify(status) : renderText;
  const render = async (observer: Observer) => {
    const overview = await readOverview(observer, change);
    return write({
      ...overview,
      ...(await readUnfinished(observer, change, overview.backfill)),
      statements: await findActiveStatements(observer),
    });
  };
  if (watch) await watchDatabase(connection, render, json, signal);
  if (!json) console.log(`${describeConnection(connection)}\n`);
  await using observer = await openObserver(connection);
  console.log(await render(observer));
}

/** Shows the status each second, even if the database does not answer; ends at the signal. */
async function watchDatabase(
  connection: ClientConfig,
  render: (observer: Observer) => Promise<string>,
  json: boolean,
  signal: AbortSignal,
): Promise<never> {
  const show = process.stdout.isTTY && !json ? redraw() : appendTo(json ? '\n' : '\n\n');
  for (;;) {
    try {
      await using observer = await openObserver(connection);
      for (;;) {
        show(await render(observer));
        await delay(WATCH_INTERVAL_MS, undefined, { signal });
      }
    } catch (error) {
      signal.throwIfAborted();
      // A missing table is not a problem of the connection.
      const isRefusal = error instanceof OnlineMigrationError;
      const problem = isRefusal ? error.message : describeDatabaseError(error);
      show(
        json
          ? JSON.stringify({ problem, ...(isRefusal && { code: error.code }) })
          : `${problem}\nTrying again every second.`,
      );
      await delay(WATCH_INTERVAL_MS, undefined, { signal });
    }
  }
}

function renderText(status: WatchedStatus): string {
  return describeStatus(status, process.stdout.columns ?? DEFAULT_COLUMNS).join('\n');
}

function redraw(): (text: string) => void {
  const update = createLogUpdate(process.stdout, { showCursor: true });
  return (text) => update(text);
}

function appendTo(end: string): (text: string) => void {
  return (text) => void process.stdout.write(text + end);
}
