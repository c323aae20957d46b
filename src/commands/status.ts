import { setTimeout as delay } from 'node:timers/promises';
import { createLogUpdate } from 'log-update';
import { z } from 'zod';
import { readConfig } from '../config.ts';
import { resolveDatabase } from '../database/resolve-database.ts';
import type { ChangedColumn } from '../online-migration/change/changed-column.ts';
import { describeDatabaseError } from '../online-migration/postgres/database-error.ts';
import { findActiveStatements } from '../online-migration/observation/active-statements.ts';
import { type Observer, openObserver } from '../online-migration/observation/observer.ts';
import { readOverview } from '../online-migration/observation/overview.ts';
import { OnlineMigrationError } from '../online-migration/change/online-migration-error.ts';
import { changeOption, chosenChange } from './chosen-change.ts';
import { flag, readOptions } from '../command-line/command-options.ts';
import { runCommand } from '../command-line/run-command.ts';
import { describeStatus, type Status } from './status-text.ts';

// npm run status: where the column change stands, and what happens on the table now.

const USAGE = `npm run status -- [--watch] [--json] ${changeOption.text}`;
const WATCH_INTERVAL_MS = 1_000;
/** Where the output has no width of its own, as in a pipe. */
const DEFAULT_COLUMNS = 80;

const optionsSchema = z.strictObject({ watch: flag, json: flag, change: changeOption.schema });

await runCommand(async (signal) => {
  const { watch, json, change: name } = readOptions(process.argv.slice(2), USAGE, optionsSchema);
  const change = chosenChange(name);
  const database = await resolveDatabase(readConfig());
  const write = json ? (status: Status) => JSON.stringify(status) : renderText;
  const render = async (observer: Observer) => write(await readStatus(observer, change));
  if (watch) await watchDatabase(database.url, render, json, signal);
  if (!json) console.log(`${database.description}\n`);
  await using observer = await openObserver({ connectionString: database.url });
  console.log(await render(observer));
});

/** Shows the status each second, also while the database does not answer; ends at the signal. */
async function watchDatabase(
  url: string,
  render: (observer: Observer) => Promise<string>,
  json: boolean,
  signal: AbortSignal,
): Promise<never> {
  const show = process.stdout.isTTY && !json ? redraw() : appendTo(json ? '\n' : '\n\n');
  for (;;) {
    try {
      await using observer = await openObserver({ connectionString: url });
      for (;;) {
        show(await render(observer));
        await delay(WATCH_INTERVAL_MS, undefined, { signal });
      }
    } catch (error) {
      signal.throwIfAborted();
      const { message } = error as Error;
      // A table that is not there yet has nothing to do with the connection, and says so itself.
      const isRefusal = error instanceof OnlineMigrationError;
      const problem = isRefusal ? message : describeDatabaseError(error);
      show(
        json
          ? JSON.stringify({ problem, ...(isRefusal && { code: error.code }) })
          : `${problem}\nLooking again every second.`,
      );
      await delay(WATCH_INTERVAL_MS, undefined, { signal });
    }
  }
}

async function readStatus(observer: Observer, change: ChangedColumn): Promise<Status> {
  const overview = await readOverview(observer, change);
  return { ...overview, statements: await findActiveStatements(observer) };
}

function renderText(status: Status): string {
  return describeStatus(status, process.stdout.columns ?? DEFAULT_COLUMNS).join('\n');
}

function redraw(): (text: string) => void {
  const update = createLogUpdate(process.stdout, { showCursor: true });
  return (text) => update(text);
}

function appendTo(end: string): (text: string) => void {
  return (text) => void process.stdout.write(text + end);
}
