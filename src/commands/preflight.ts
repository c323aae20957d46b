import { readConfig } from '../config.ts';
import { resolveDatabase } from '../database/resolve-database.ts';
import { findLeaves } from '../online-migration/postgres/leaf-partitions.ts';
import {
  findObstacles,
  findObstaclesOfRulingColumn,
} from '../online-migration/attachments/obstacles/obstacles.ts';
import { type ChangedColumn, keyColumnsOf } from '../online-migration/change/changed-column.ts';
import { namesOf } from '../online-migration/change/names.ts';
import { classifyValues } from '../online-migration/verify/value-classes.ts';
import type { ValueClass, ValueGroup } from '../online-migration/verify/value-classes-batch.ts';
import { readChecklist } from '../online-migration/verify/checklist.ts';
import { TOOLKIT_NAME } from '../online-migration/follow/presence.ts';
import { Session } from '../online-migration/postgres/session.ts';
import { readStage, type Stage } from '../online-migration/phases/stage.ts';
import { rowSecurityObstacles } from '../online-migration/attachments/obstacles/row-security-obstacles.ts';
import { z } from 'zod';
import { changeOption, chosenChange } from './chosen-change.ts';
import { readOptions } from '../command-line/command-options.ts';
import { rowCount } from '../command-line/row-count.ts';
import { showRowsProgress } from '../command-line/rows-progress.ts';
import { runCommand } from '../command-line/run-command.ts';

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

await runCommand(async (signal) => {
  const change = chosenChange(readOptions(process.argv.slice(2), USAGE, optionsSchema).change);
  const database = await resolveDatabase(readConfig());
  console.log(database.description);
  await using session = await Session.open({ connectionString: database.url }, `${TOOLKIT_NAME} preflight`);
  const stage = await readStage(session, change);
  if (stage === 'contracted' || stage === 'renamed') {
    console.log(`The database is at ${stage}: the old column is gone, there is nothing left to check.`);
    return 0;
  }
  const obstacles = await findObstaclesAt(stage, session, change);
  for (const obstacle of obstacles) console.log(`In the way: ${obstacle}`);
  const groups = obstacles.length > 0 ? [] : await classifyWithProgress(session, change, signal);
  if (obstacles.length === 0) for (const line of describe(change, groups)) console.log(line);
  console.log('Only people can check:');
  for (const point of await readChecklist(session, change)) console.log(`  ${point}`);
  return obstacles.length > 0 || groups.some(({ valueClass }) => valueClass === 'reject') ? 1 : 0;
});

/** Before expand, checks for all obstacles; later, for those that may have been added since. */
async function findObstaclesAt(stage: Stage, session: Session, change: ChangedColumn): Promise<string[]> {
  if (stage === 'initial') return findObstacles(session, change);
  return [
    ...(await rowSecurityObstacles(session, change)),
    ...(await findObstaclesOfRulingColumn(session, change)),
  ];
}

async function classifyWithProgress(
  session: Session,
  change: ChangedColumn,
  signal: AbortSignal,
): Promise<ValueGroup[]> {
  const leaves = await findLeaves(session, namesOf(change).table);
  const rows = leaves.reduce((sum, leaf) => sum + leaf.rows, 0);
  using progress = showRowsProgress(rows, process.stdout);
  // A batch takes a second; a row of a megabyte on a busy server may take longer, and is no reason to end.
  await session.query('set statement_timeout = 0');
  return await classifyValues(session, change, (event) => progress.update(event.rows), signal);
}

function describe(change: ChangedColumn, groups: ValueGroup[]): string[] {
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
      if (group.error !== undefined) {
        lines.push(`    the conversion raises an error; let it return null instead: ${group.error}`);
      }
    }
    if (ofClass.length > SHOWN_GROUPS) lines.push(`  and ${ofClass.length - SHOWN_GROUPS} more forms`);
  }
  return lines;
}
