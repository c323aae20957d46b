import { migrationNumber } from '../new-change.ts';
import type { WrittenFile } from '../written-files.ts';
import type { InstantAnswer, InstantChange } from './instant-change.ts';
import { instantMigration, instantScripts } from './instant-files.ts';

/** The files of a change that is made at once. */
export function instantFiles(instant: InstantChange, hasMikroOrm: boolean): WrittenFile[] {
  return hasMikroOrm ? [instantMigration(instant)] : instantScripts(instant);
}

/** Says that a change is made at once, lists the written files and the next steps. */
export function instantInstructions(instant: InstantChange, files: readonly WrittenFile[]): string {
  const { plan, zone } = instant;
  const { table, change } = plan;
  const { oldColumn, newColumn } = change;
  const [first] = files;
  const isMigration = first!.path.endsWith('.ts');
  return `PostgreSQL changes ${oldColumn.name} from ${oldColumn.type} to ${newColumn.type} at once: it neither reads nor rewrites ${table.name}.
So one ordinary migration is enough. For a column change with its phases, add --phases.
${zone === null ? '' : `The values of ${oldColumn.name} are taken as ${zone}. If they are in another time zone, delete the migration and give --zone.\n`}
Files written:
${files.map(({ path }) => `  ${path}`).join('\n')}

Next:
  ${isMigration ? `npx mikro-orm migration:up --to ${migrationNumber(plan, 0)}` : `psql --set ON_ERROR_STOP=1 --file ${first!.path}`}
  ${isMigration ? `Give the property of the column ${oldColumn.name} the type ${newColumn.type} in the entity of ${table.name}.` : `Let the application use ${oldColumn.name} as ${newColumn.type}.`}`;
}

/**
 * Says why a change that keeps the rows as they are stored is not made at once, or why this is unknown.
 * @returns undefined if PostgreSQL rewrites the table for these two types
 */
export function whyNotInstant(answer: InstantAnswer, type: string): string | undefined {
  if (answer.instant !== null) return undefined;
  const { reasons, error } = answer;
  if (error !== undefined) {
    return `Unknown whether PostgreSQL could change the type at once: ${error}. So this is a column change.`;
  }
  if (reasons.length === 0) return undefined;
  const list = reasons.map((reason) => `  ${reason}.\n`).join('');
  return `PostgreSQL could store the values as ${type} without a rewrite, but not at once:\n${list}So this is a column change.`;
}
