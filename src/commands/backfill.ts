import { Client } from 'pg';
import { readConfig } from '../config.ts';
import { resolveDatabase } from '../database/resolve-database.ts';
import { createdAtChange } from '../large-record/created-at-change.ts';
import { type Controls, writeControls } from '../online-migration/backfill/controls.ts';
import { readBackfillProgress } from '../online-migration/backfill/progress.ts';
import { namesOf } from '../online-migration/names.ts';
import { runCommand } from './run-command.ts';

// npm run backfill: looks at the backfill that runs in another terminal, and steers it.

const USAGE = `npm run backfill -- status | pause | resume | set [batch-ms=<1 to 10000>] [workers=<1 to 64>]`;
const SETTABLE: Record<string, { readonly control: 'batchMs' | 'workers'; readonly greatest: number }> = {
  'batch-ms': { control: 'batchMs', greatest: 10_000 },
  workers: { control: 'workers', greatest: 64 },
};

await runCommand(async () => {
  const controls = readWords(process.argv.slice(2));
  const database = await resolveDatabase(readConfig());
  console.log(database.description);
  const client = new Client({ connectionString: database.url, application_name: 'backfill control' });
  client.on('error', () => undefined); // A lost connection fails the statement in flight, which is told.
  await client.connect();
  try {
    if (controls !== 'status' && !(await writeControls(client, namesOf(createdAtChange).change, controls))) {
      throw new Error('No backfill is under way: start it with `npx mikro-orm migration:up --to 0003`.');
    }
    console.log(await describeBackfill(client));
  } finally {
    await client.end();
  }
});

async function describeBackfill(client: Client): Promise<string> {
  const progress = await readBackfillProgress(client, createdAtChange);
  if (progress === null) return 'No backfill has begun.';
  const { rowsDone, rowsTotal, percent, rowsPerSecond, etaSeconds, pausedFor, finished } = progress;
  if (finished) return `The backfill is finished: ${rowsDone.toLocaleString('en-US')} rows.`;
  return (
    `${rowsDone.toLocaleString('en-US')} of ${rowsTotal.toLocaleString('en-US')} rows, ${percent.toFixed(1)} %, ` +
    `${rowsPerSecond.toLocaleString('en-US')} rows/s, time left ${etaSeconds === null ? 'unknown' : `${etaSeconds} s`}` +
    (pausedFor === null ? '' : `, waits: ${pausedFor}`)
  );
}

function readWords([verb, ...words]: string[]): 'status' | Partial<Controls> {
  if (verb === 'set' && words.length > 0)
    return Object.assign({}, ...words.map(readSetting)) as Partial<Controls>;
  if (words.length === 0 && verb === 'status') return 'status';
  if (words.length === 0 && verb === 'pause') return { paused: true };
  if (words.length === 0 && verb === 'resume') return { paused: false };
  throw new Error(`Say what to do with the backfill.\nUsage: ${USAGE}`);
}

function readSetting(word: string): Partial<Controls> {
  const [name = '', value = ''] = word.split('=', 2);
  const setting = SETTABLE[name];
  if (setting === undefined) throw new Error(`"${word}" is no setting.\nUsage: ${USAGE}`);
  const number = /^\d{1,6}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > setting.greatest) {
    throw new Error(`${name} must be a whole number from 1 to ${setting.greatest}.\nUsage: ${USAGE}`);
  }
  return { [setting.control]: number };
}
