import type { ComparedSchemas } from '../../comparison/online-schema-generator.ts';
import type { NewChange } from '../../../new-change/new-change.ts';
import type { Project } from '../../../new-change/plan-keys.ts';
import type { Session } from '../../../postgres/session.ts';
import { leaveChangesOut } from '../../comparison/schema-comparison.ts';
import { optionFor } from '../../../new-change/sql-name.ts';
import { planTypeChanges } from './plan-type-changes.ts';
import { tableAt } from '../schemas/renamed-schema.ts';
import type { Rename } from './renames.ts';
import type { TypeChanges } from '../schemas/type-changes.ts';
import type { TablePlace } from '../schemas/table-place.ts';

/** The decisions on types. */
export interface DecidedTypes {
  readonly changes: NewChange[];
  /** Columns that PostgreSQL changes at once, and whose difference MikroORM does not notice. */
  readonly unnoticed: readonly TypeChanges[];
  /** Columns that PostgreSQL changes at once, but not back: the way back would rewrite the table. */
  readonly oneWay: readonly TypeChanges[];
  /** Columns whose types no migration changes yet. */
  readonly later: readonly TypeChanges[];
  readonly notes: readonly string[];
}

/**
 * Decides how types change, and leaves the columns out of the ordinary migration if they get a column change.
 *
 * A column or a table that the ordinary migration renames first, the columns of a key that it renames, or an enum that it makes, is not in
 * the database yet. The column is left out of all migrations; the next `migration:create` finds it.
 *
 * @param renames that the ordinary migration makes
 */
export async function decideTypes(
  schemas: ComparedSchemas,
  types: readonly TypeChanges[],
  renames: readonly Rename[],
  session: Session | undefined,
  project: Project,
): Promise<DecidedTypes> {
  if (types.length === 0) return { changes: [], unnoticed: [], oneWay: [], later: [], notes: [] };
  if (session === undefined) {
    const tables = types.map(({ table }) => table).join(', ');
    return {
      changes: [],
      unnoticed: [],
      oneWay: [],
      later: [],
      notes: [
        `the database cannot be reached, so the changed types of ${tables} are written as MikroORM writes them`,
      ],
    };
  }
  const now: TypeChanges[] = [];
  const later: TypeChanges[] = [];
  for (const { columns, ...place } of types) {
    const isLater = (column: (typeof columns)[number]) =>
      column.isToBeMade ||
      renames.some(
        (rename) =>
          isRenamed(rename, place, column.name) ||
          isOfKey(rename, place, schemas) ||
          isReferring(rename, place, column.name, schemas),
      );
    now.push({ ...place, columns: columns.filter((column) => !isLater(column)) });
    later.push({ ...place, columns: columns.filter(isLater) });
  }
  leaveColumnsOut(schemas, later);
  const { changes, oneWay } = await planTypeChanges(session, now, project, (one, other) =>
    refersTo(schemas, one, other),
  );
  leaveOut(schemas, changes);
  const isPlanned = ({ schema, table }: TablePlace, name: string) =>
    changes
      .flatMap((plan) => plan.columns.map(({ change }) => change))
      .some(
        (other) =>
          other.table.schema === schema && other.table.name === table && other.oldColumn.name === name,
      );
  return {
    changes,
    unnoticed: now.map(({ columns, ...place }) => ({
      ...place,
      columns: columns.filter(({ name, isNoticed }) => !isNoticed && !isPlanned(place, name)),
    })),
    oneWay,
    later,
    notes: [
      ...later.filter(({ columns }) => columns.length > 0).map(laterNote),
      ...now.flatMap(({ columns, ...place }) =>
        columns.filter(({ isZoneChanged }) => isZoneChanged).map((column) => zoneNote(place, column)),
      ),
    ],
  };
}

/** MikroORM writes times without a zone in UTC, unless it is told otherwise. */
function zoneNote({ schema, table }: TablePlace, { name, to }: TypeChanges['columns'][number]): string {
  return (
    `the times of ${table}.${name} count as UTC; if they are of another zone, delete the written files, and run ` +
    `\`npx online-migration new ${optionFor('--table', schema, table)} ${optionFor('--column', name)} --to '${to}' --zone <zone>\``
  );
}

function isRenamed(
  { kind, place, to, otherSchema }: Rename,
  { schema, table }: TablePlace,
  column: string,
): boolean {
  if ((otherSchema?.name ?? place.schema) !== schema) return false;
  return kind === 'table' ? to === table : place.table === table && to === column;
}

/** A column change walks along a key of its table, and its declaration names the columns of that key. */
function isOfKey(
  { kind, place, to }: Rename,
  { schema, table }: TablePlace,
  { from }: ComparedSchemas,
): boolean {
  if (kind !== 'column' || place.schema !== schema || place.table !== table) return false;
  const indexes = tableAt(from, place)?.getIndexes() ?? [];
  return indexes.some(({ primary, unique, columnNames }) => (primary || unique) && columnNames.includes(to));
}

/** A wider key brings a column change of each column that refers to it, and that change has the name that the database has now. */
function isReferring(
  { kind, place, to, otherSchema }: Rename,
  { schema, table }: TablePlace,
  column: string,
  { from }: ComparedSchemas,
): boolean {
  const isTable = kind === 'table';
  const owner = isTable ? { schema: otherSchema?.name ?? place.schema, table: to } : place;
  const keys = Object.values(tableAt(from, owner)?.getForeignKeys() ?? {});
  return keys.some(
    ({ columnNames, referencedTableName, referencedColumnNames }) =>
      (isTable || columnNames.includes(to)) &&
      (referencedTableName === `${schema}.${table}` ||
        (referencedTableName === table && schema === from.name)) &&
      referencedColumnNames.includes(column),
  );
}

function laterNote({ table, columns }: TypeChanges): string {
  const names = columns.map(({ name }) => name).join(', ');
  return `the type of ${table}.${names} is not changed yet: run this migration, then run migration:create again`;
}

/** Leaves the columns of planned changes out of the comparison. */
export function leaveOut({ from, to }: ComparedSchemas, changes: readonly NewChange[]): void {
  leaveChangesOut(
    from,
    to,
    changes.flatMap(({ change: { table, columns } }) =>
      columns.map((column) => ({
        schema: table.schema,
        table: table.name,
        oldColumn: column.from.name,
        newColumn: column.to.name,
      })),
    ),
  );
}

function leaveColumnsOut({ from, to }: ComparedSchemas, types: readonly TypeChanges[]): void {
  leaveChangesOut(
    from,
    to,
    types.flatMap(({ schema, table, columns }) =>
      columns.map(({ name }) => ({ schema, table, oldColumn: name, newColumn: name })),
    ),
  );
}

/** Whether a table has a foreign key to another one. */
function refersTo({ to }: ComparedSchemas, one: TablePlace, other: TablePlace): boolean {
  const keys = Object.values(tableAt(to, one)?.getForeignKeys() ?? {});
  return keys.some(({ referencedTableName: name }) =>
    [other.table, `${other.schema}.${other.table}`].includes(name),
  );
}
