import { escapeIdentifier } from 'pg';
import { isNarrower, readReferencingColumns } from '../../attachments/referencing-columns.ts';
import { columnAt } from '../../attachments/table-column.ts';
import { type ChangedColumn, isRename } from '../../change/changed-column.ts';
import { phaseNamesOf } from '../../change/phase-name.ts';
import type { NewChange } from './new-change.ts';
import { planChange, type WantedChange } from './plan-change.ts';
import type { DescribingQueryable } from './table-facts.ts';

/** The project that the changes are written for. */
export interface Project {
  readonly changes: readonly ChangedColumn[];
  /** Names of its migrations, without their numbers. */
  readonly migrations: readonly string[];
  /** The number of the next migration. */
  readonly nextNumber: number;
}

/**
 * Plans the wanted change. If the column only gets a wider type, it also plans a change of each column that refers to it and is
 * narrower, unless the project has one already.
 *
 * Each plan comes after the plans of the columns that refer to its own. So a column can hold every value before the column that
 * it refers to gets one. Numbers of different types are comparable, so each foreign key stays valid throughout.
 *
 * @param options.only leaves the other columns out
 * @returns the plans in the order in which they must be carried out; the wanted one is the last
 * @throws OnlineMigrationError if the input has no meaning
 */
export async function planChanges(
  database: DescribingQueryable,
  wanted: WantedChange,
  project: Project,
  { only = false }: { readonly only?: boolean } = {},
): Promise<NewChange[]> {
  const plan = (input: WantedChange, earlier: readonly NewChange[]) =>
    planChange(
      database,
      input,
      nextNumber(project, earlier),
      [...project.changes, ...earlier.map(({ change }) => change)],
      project.migrations,
    );
  const alone = await plan(wanted, []);
  const { type } = alone.change.newColumn;
  if (only || isRename(alone.change) || !isNarrower(alone.change.oldColumn.type, type)) return [alone];
  const referencing = (await readReferencingColumns(database, columnAt(alone.change, 'old'))).filter(
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
  if (referencing.length === 0) return [alone];
  const plans: NewChange[] = [];
  for (const { schema, table, column } of referencing) {
    const input = {
      ...wanted,
      table: `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`,
      column: escapeIdentifier(column),
      from: undefined,
      newColumn: undefined,
    };
    plans.push(await plan(input, plans));
  }
  return [...plans, await plan(wanted, plans)];
}

function nextNumber(project: Project, earlier: readonly NewChange[]): number {
  return earlier.reduce((number, { change }) => number + phaseNamesOf(change).length, project.nextNumber);
}
