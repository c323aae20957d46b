import { Client } from 'pg';
import { readConfig } from '../config.ts';
import { resolveDatabase } from '../database/resolve-database.ts';
import type { ChangedColumn } from '../online-migration/change/changed-column.ts';
import { type Controls, readControls, writeControls } from '../online-migration/state/backfill-controls.ts';
import { readBackfillProgress } from '../online-migration/backfill/plan/progress.ts';
import { hasQueue } from '../online-migration/backfill/plan/queue-schema.ts';
import { OnlineMigrationError } from '../online-migration/change/online-migration-error.ts';
import { namesOf } from '../online-migration/change/names.ts';
import { workForBackfill } from './backfill-worker.ts';
import { changeOption, chosenChange } from './chosen-change.ts';
import { usageError } from '../command-line/command-options.ts';
import { runCommand } from '../command-line/run-command.ts';

// npm run backfill: looks at the backfill that runs in another terminal, steers it, and works for it.

const USAGE =
  'npm run backfill -- status | pause | resume | set [batch-ms=<1 to 10000>] [workers=<1 to 64>] | work ' +
  changeOption.text;
const SETTABLE: Record<string, { readonly control: 'batchMs' | 'workers'; readonly greatest: number }> = {
  'batch-ms': { control: 'batchMs', greatest: 10_000 },
  workers: { control: 'workers', greatest: 64 },
};

await runCommand(async (signal) => {
  const { words, name } = readChange(process.argv.slice(2));
  const wanted = readWords(words);
  const change = chosenChange(name);
  const config = readConfig();
  const database = await resolveDatabase(config);
  console.log(database.description);
  if (wanted === 'work') return workForBackfill(database.url, change, config, signal);
  const client = new Client({ connectionString: database.url, application_name: 'backfill control' });
  client.on('error', () => undefined); // A lost connection fails the statement in flight, which is told.
  await client.connect();
  try {
    if (wanted !== 'status') await steer(client, change, wanted);
    console.log(await describeBackfill(client, change));
  } finally {
    await client.end();
  }
});

async function steer(client: Client, change: ChangedColumn, controls: Partial<Controls>): Promise<void> {
  if (controls.workers !== undefined && (await hasQueue(client))) {
    throw new OnlineMigrationError(
      'WORKERS_ARE_PROCESSES',
      'The workers of this backfill are processes: start one more with `npm run backfill -- work`, on any machine, ' +
        'or end one with Ctrl-C.',
    );
  }
  const hasBegun = (await readBackfillProgress(client, change)) !== null;
  if (!hasBegun || !(await writeControls(client, namesOf(change).change, controls))) {
    throw new OnlineMigrationError(
      'NO_BACKFILL',
      'No backfill is under way: start it with `npx mikro-orm migration:up`.',
      { change: namesOf(change).change },
    );
  }
}

async function describeBackfill(client: Client, change: ChangedColumn): Promise<string> {
  const progress = await readBackfillProgress(client, change);
  if (progress === null) return 'No backfill has begun.';
  const { rowsDone, rowsTotal, percent, rowsPerSecond, etaSeconds, pausedFor, finished } = progress;
  if (finished) {
    const { paused } = await readControls(client, namesOf(change).change);
    const pause = paused ? ' The phases that follow are paused: `npm run backfill -- resume`.' : '';
    return `The backfill is finished: ${rowsDone.toLocaleString('en-US')} rows.${pause}`;
  }
  return (
    `${rowsDone.toLocaleString('en-US')} of ${rowsTotal.toLocaleString('en-US')} rows, ${percent.toFixed(1)} %, ` +
    `${rowsPerSecond.toLocaleString('en-US')} rows/s, time left ${etaSeconds === null ? 'unknown' : `${etaSeconds} s`}` +
    (pausedFor === null ? '' : `, waits: ${pausedFor}`)
  );
}

/** Takes `--change <name>` out of what was written. */
function readChange(argv: readonly string[]): { words: string[]; name: string | undefined } {
  const place = argv.indexOf('--change');
  if (place === -1) return { words: [...argv], name: undefined };
  const name = argv[place + 1];
  if (name === undefined) throw wrongUsage('--change must be followed by a table and its column.');
  return { words: argv.toSpliced(place, 2), name };
}

function readWords([verb, ...words]: string[]): 'status' | 'work' | Partial<Controls> {
  if (verb === 'set' && words.length > 0)
    return Object.assign({}, ...words.map(readSetting)) as Partial<Controls>;
  if (words.length === 0 && (verb === 'status' || verb === 'work')) return verb;
  if (words.length === 0 && verb === 'pause') return { paused: true };
  if (words.length === 0 && verb === 'resume') return { paused: false };
  throw wrongUsage('Say what to do with the backfill.');
}

function readSetting(word: string): Partial<Controls> {
  const [name = '', value = ''] = word.split('=', 2);
  const setting = SETTABLE[name];
  if (setting === undefined) throw wrongUsage(`"${word}" is no setting.`);
  const number = /^\d{1,6}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > setting.greatest) {
    throw wrongUsage(`${name} must be a whole number from 1 to ${setting.greatest}.`);
  }
  return { [setting.control]: number };
}

function wrongUsage(fault: string): OnlineMigrationError {
  return usageError([fault], USAGE);
}
