import { Client } from 'pg';
import { readConfig } from '../config.ts';
import { resolveDatabase } from '../database/resolve-database.ts';
import { findLeaves } from '../online-migration/backfill/leaves.ts';
import { findObstacles } from '../online-migration/attachments/obstacles.ts';
import { type ColumnChange, keyColumnsOf } from '../online-migration/column-change.ts';
import { namesOf } from '../online-migration/names.ts';
import { classifyValues, type ValueClass, type ValueGroup } from '../online-migration/preflight.ts';
import { readStage } from '../online-migration/stage.ts';
import { z } from 'zod';
import { changeOption, chosenChange } from './chosen-change.ts';
import { readOptions } from './command-options.ts';
import { rowCount } from './row-count.ts';
import { showRowsProgress } from './rows-progress.ts';
import { runCommand } from './run-command.ts';

// npm run preflight: what is in the way of a column change, and what it will do to every value of the old column. Exit code 1
// where it will fail.

const USAGE = `npm run preflight -- ${changeOption.text}`;
const optionsSchema = z.strictObject({ change: changeOption.schema });

const SHOWN_GROUPS = 20;

const MEANING: Record<ValueClass, string> = {
  reject: 'do not convert: correct them before they are enforced',
  kept: 'convert; their text is kept for the way back',
  null: 'are empty and stay so',
  rebuildable: 'convert, and the way back gives the same text',
};

await runCommand(async () => {
  const change = chosenChange(readOptions(process.argv.slice(2), USAGE, optionsSchema).change);
  const database = await resolveDatabase(readConfig());
  console.log(database.description);
  const client = new Client({ connectionString: database.url, application_name: 'preflight' });
  client.on('error', () => undefined); // A lost connection fails the statement in flight, which is told.
  await client.connect();
  try {
    const stage = await readStage(client, change);
    if (stage === 'contracted' || stage === 'renamed') {
      console.log(`The database is at ${stage}: the old column is gone, there is nothing left to check.`);
      return 0;
    }
    const obstacles = stage === 'initial' ? await findObstacles(client, change) : [];
    for (const obstacle of obstacles) console.log(`In the way: ${obstacle}`);
    if (obstacles.length > 0) return 1;
    const groups = await classifyWithProgress(client, change);
    for (const line of describe(change, groups)) console.log(line);
    return groups.some(({ valueClass }) => valueClass === 'reject') ? 1 : 0;
  } finally {
    await client.end();
  }
});

async function classifyWithProgress(client: Client, change: ColumnChange): Promise<ValueGroup[]> {
  const leaves = await findLeaves(client, namesOf(change).table);
  const rows = leaves.reduce((sum, leaf) => sum + leaf.rows, 0);
  using progress = showRowsProgress(rows, process.stdout);
  return await classifyValues(client, change, (rowsRead) => progress.update(rowsRead));
}

function describe(change: ColumnChange, groups: ValueGroup[]): string[] {
  const key = keyColumnsOf(change).join(', ') || 'at';
  if (groups.length === 0) return ['The table is empty: there is nothing to convert.'];
  const lines = [`Values of ${change.oldColumn.name}:`];
  for (const [valueClass, meaning] of Object.entries(MEANING)) {
    const ofClass = groups.filter((group) => group.valueClass === valueClass);
    if (ofClass.length === 0) continue;
    const rows = ofClass.reduce((sum, group) => sum + group.rows, 0);
    lines.push(`${rowCount(rows)} rows ${meaning}`);
    for (const group of ofClass.slice(0, SHOWN_GROUPS)) {
      const samples = group.samples
        .map(({ key: row, value }) => `${key} ${row}: ${JSON.stringify(value)}`)
        .join(', ');
      lines.push(`  ${rowCount(group.rows)} like ${JSON.stringify(group.form)}: ${samples}`);
    }
    if (ofClass.length > SHOWN_GROUPS) lines.push(`  and ${ofClass.length - SHOWN_GROUPS} more forms`);
  }
  return lines;
}
