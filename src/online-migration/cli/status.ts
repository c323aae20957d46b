import { setTimeout as delay } from 'node:timers/promises';
import { createLogUpdate } from 'log-update';
import type { ClientConfig } from 'pg';
import { readUnfinished } from '../backfill/unfinished.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { type Observer, openObserver } from '../observation/observer.ts';
import { findActiveStatements } from '../observation/active-statements.ts';
import { readFills } from '../observation/fills.ts';
import { readOverview } from '../observation/overview.ts';
import { describeDatabaseError } from '../postgres/database-error.ts';
import { type Choice, chosenChange } from './project/chosen-change.ts';
import { connectionOf, describeConnection, loadConfig } from './project/config-file.ts';
import type { ProgramOptions } from './run-command.ts';
import { describeFills, describeStatus, fitted, type WatchedStatus } from './status-text.ts';

const WATCH_INTERVAL_MS = 1_000;
/** Columns of an output without a width, such as a pipe. */
const DEFAULT_COLUMNS = 80;

/** Prints the progress of a change, the current activity on its table, and the fills of ordinary migrations. */
export async function showStatus(
  name: string | undefined,
  { config: file, json = false, watch, command }: ProgramOptions & { readonly watch: boolean },
  signal: AbortSignal,
): Promise<void> {
  const config = await loadConfig(file);
  const connection = await connectionOf(config);
  const change = await changeOrFills(name, { ...config, command }, connection);
  const render = async (observer: Observer) => {
    const fills = await readFills(observer);
    if (change === null) {
      const shown = fills.filter(({ migration }) => name === undefined || migration === name);
      return json ? JSON.stringify({ fills: shown }) : textOf(describeFills(shown));
    }
    const overview = await readOverview(observer, change);
    const status: WatchedStatus = {
      ...overview,
      ...(await readUnfinished(observer, change, overview.backfill)),
      statements: await findActiveStatements(observer),
      fills,
    };
    return json ? JSON.stringify(status) : textOf(describeStatus(status));
  };
  if (watch) await watchDatabase(connection, render, json, signal);
  if (!json) console.log(`${describeConnection(connection)}\n`);
  await using observer = await openObserver(connection);
  console.log(await render(observer));
}

/**
 * Finds the change for the command.
 * @returns null if the name is that of a fill, or if a fill is under way and no change has to be meant
 * @throws OnlineMigrationError as for a change, if no fill has the name or is under way
 */
async function changeOrFills(
  name: string | undefined,
  choice: Choice,
  connection: ClientConfig,
): Promise<ColumnChange | null> {
  try {
    return chosenChange(name, choice);
  } catch (error) {
    if (!(error instanceof OnlineMigrationError)) throw error;
    await using observer = await openObserver(connection);
    const fills = await readFills(observer);
    if (fills.some(({ migration }) => name === undefined || migration === name)) return null;
    throw error;
  }
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

function textOf(lines: readonly string[]): string {
  return lines.map((line) => fitted(line, process.stdout.columns ?? DEFAULT_COLUMNS)).join('\n');
}

function redraw(): (text: string) => void {
  const update = createLogUpdate(process.stdout, { showCursor: true });
  return (text) => update(text);
}

function appendTo(end: string): (text: string) => void {
  return (text) => void process.stdout.write(text + end);
}
