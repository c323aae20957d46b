import { escapeIdentifier } from 'pg';
import {
  isNarrower,
  readReferencingColumns,
  type ReferencingColumn,
} from '../attachments/referencing-columns.ts';
import { columnAt } from '../attachments/table-column.ts';
import { type ChangedColumn, changedColumnsOf, isRename } from '../change/changed-column.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { phaseNamesOf } from '../change/phase-name.ts';
import type { MigrationNames } from './migration-names.ts';
import { inSentence, type NewChange, type NewColumn } from './new-change.ts';
import { newCommand } from './new-command.ts';
import { planChange, type WantedChange } from './plan-change.ts';
import type { DescribingQueryable } from './table-facts.ts';

/** The project that the changes are written for. */
export interface Project {
  /** The columns of its changes. */
  readonly changes: readonly ChangedColumn[];
  /** Names of its migrations, without their numbers. */
  readonly earlierMigrations: readonly string[];
  /** The names of the new ones. */
  readonly migrations: MigrationNames;
  /** The place of the first one among the new ones; by default 0. */
  readonly firstPlace?: number;
}

/**
 * Plans the wanted change. If its only column only gets a wider type, it also plans a change of each column that refers to it and is
 * narrower, unless the project has one already.
 *
 * Each plan comes after the plans of the columns that refer to its own. So a column can hold every value before the column that
 * it refers to gets one. Numbers of different types are comparable, so each foreign key stays valid throughout.
 *
 * @param options.only leaves the other columns out
 * @returns the plans in the order in which they must be carried out; the wanted one is the last
 * @throws OnlineMigrationError if the input has no meaning, or if one of several columns would need changes of other columns
 */
export async function planChanges(
  database: DescribingQueryable,
  wanted: WantedChange,
  project: Project,
  { only = false }: { readonly only?: boolean } = {},
): Promise<NewChange[]> {
  const plan = (input: WantedChange, earlier: readonly NewChange[]) => {
    const { migrations, firstPlace = 0, changes, earlierMigrations } = projectAfter(project, earlier);
    return planChange(database, input, { migrations, firstPlace }, changes, earlierMigrations);
  };
  const alone = await plan(wanted, []);
  if (only || isRename(alone.change)) return [alone];
  const keys: Key[] = [];
  for (const column of alone.columns) {
    const narrower = await readNarrower(database, column.change, project);
    if (narrower.length > 0) keys.push({ column, referencing: narrower });
  }
  const [key] = keys;
  if (key === undefined) return [alone];
  if (alone.columns.length > 1) throw notAlone(alone, wanted, keys);
  const { referencing } = key;
  const plans: NewChange[] = [];
  for (const { schema, table, column } of referencing) {
    const input = {
      ...wanted,
      table: `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`,
      columns: [escapeIdentifier(column)],
      from: undefined,
      newColumn: undefined,
    };
    plans.push(await plan(input, plans));
  }
  return [...plans, await plan(wanted, plans)];
}

/** A column, and the columns that refer to it and are narrower. */
interface Key {
  readonly column: NewColumn;
  readonly referencing: readonly ReferencingColumn[];
}

/** The columns that refer to a column that gets a wider type, and that no change of the project makes as wide. */
async function readNarrower(
  database: DescribingQueryable,
  change: ChangedColumn,
  project: Project,
): Promise<ReferencingColumn[]> {
  const { type } = change.newColumn;
  if (!isNarrower(change.oldColumn.type, type)) return [];
  return (await readReferencingColumns(database, columnAt(change, 'old'))).filter(
    (column) =>
      isNarrower(column.type, type) &&
      !project.changes.some(
        (other) =>
          other.table.schema === column.schema &&
          other.table.name === column.table &&
          other.oldColumn.name === column.column &&
          !isNarrower(other.newColumn.type, type),
      ),
  );
}

/** The refusal of a key among several columns: its change comes after the changes of the columns that refer to it. */
function notAlone({ columns }: NewChange, wanted: WantedChange, keys: readonly Key[]): OnlineMigrationError {
  const names = keys.map(({ column }) => column.facts.name);
  const referring = [...new Set(keys.flatMap(({ referencing }) => referencing.map(({ name }) => name)))];
  const others = columns.map(({ facts }) => facts.name).filter((name) => !names.includes(name));
  const commands = [...names.map((name) => [name]), ...(others.length === 0 ? [] : [others])];
  return new OnlineMigrationError(
    'KEY_AMONG_COLUMNS',
    `${inSentence(referring)} ${referring.length === 1 ? 'refers' : 'refer'} to ${inSentence(names)} and must become wider first, ` +
      `and nothing was written. Write a change of ${names.length === 1 ? 'it' : 'each'} alone, which brings these changes with it, and ` +
      `finish one change before the next one begins:\n${commands.map((some) => `  ${newCommand(wanted, some)}`).join('\n')}`,
    { columns: names, referring },
  );
}

/** The project as it is when it has the changes of some plans. */
export function projectAfter(project: Project, plans: readonly NewChange[]): Project {
  return {
    ...project,
    changes: [...project.changes, ...plans.flatMap(({ change }) => changedColumnsOf(change))],
    firstPlace: plans.reduce(
      (place, { change, firstPlace }) => Math.max(place, firstPlace + phaseNamesOf(change).length),
      project.firstPlace ?? 0,
    ),
  };
}
