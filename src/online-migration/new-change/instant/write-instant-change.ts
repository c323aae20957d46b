import type { CodeForm } from '../code-form.ts';
import { inSentence, migrationNumber } from '../new-change.ts';
import type { WrittenFile } from '../written-files.ts';
import type { InstantChange } from './instant-change.ts';
import type { PhasedColumn } from './instant-column.ts';
import { instantMigration, instantScripts } from './instant-files.ts';

/** The files of a change that is made at once. */
export function instantFiles(instant: InstantChange, hasMikroOrm: boolean, form: CodeForm): WrittenFile[] {
  return hasMikroOrm ? [instantMigration(instant, form)] : instantScripts(instant);
}

/** Says that a change is made at once, lists the written files and the next steps. */
export function instantInstructions(instant: InstantChange, files: readonly WrittenFile[]): string {
  const { plan, zone, columns } = instant;
  const { table } = plan;
  const { newColumn } = columns[0].planned.change;
  const isOne = columns.length === 1;
  const names = inSentence(columns.map(({ planned }) => planned.facts.name));
  const types = inSentence([...new Set(columns.map(({ planned }) => planned.facts.type))]);
  const zoned = inSentence(columns.filter(({ hasZone }) => hasZone).map(({ planned }) => planned.facts.name));
  const [first] = files;
  const isMigration = !first!.path.endsWith('.sql');
  return `PostgreSQL changes ${names} from ${types} to ${newColumn.type} at once: it neither reads nor rewrites ${table.name}.
So one ordinary migration is enough. For a column change with its phases, add --phases.
${zone === null ? '' : `The values of ${zoned} are taken as ${zone}. If they are in another time zone, delete the migration and give --zone.\n`}
Files written:
${files.map(({ path }) => `  ${path}`).join('\n')}

Next:
  ${isMigration ? `npx mikro-orm migration:up --to ${migrationNumber(plan, 0)}` : `psql --set ON_ERROR_STOP=1 --file ${first!.path}`}
  ${isMigration ? `Give the ${isOne ? 'property of the column' : 'properties of the columns'} ${names} the type ${newColumn.type} in the entity of ${table.name}.` : `Let the application use ${names} as ${newColumn.type}.`}`;
}

/**
 * Says why a change of a type that keeps the rows as they are stored is not made at once, or why this is unknown.
 * @param columns all columns of the change
 * @returns the paragraphs; none if PostgreSQL rewrites the table for the two types of each column
 */
export function whyNotInstant(columns: readonly PhasedColumn[]): string[] {
  const paragraphs = columns.flatMap(({ planned: { facts, change }, reasons, error }) => {
    if (error !== undefined) {
      return [
        `Unknown whether PostgreSQL could change the type at once: ${error}. So this is a column change.`,
      ];
    }
    if (reasons.length === 0) return [];
    const values = columns.length === 1 ? 'the values' : `the values of ${facts.name}`;
    const list = reasons.map((reason) => `  ${reason}.\n`).join('');
    return [
      `PostgreSQL could store ${values} as ${change.newColumn.type} without a rewrite, but not at once:\n${list}So this is a column change.`,
    ];
  });
  return [...new Set(paragraphs)];
}
