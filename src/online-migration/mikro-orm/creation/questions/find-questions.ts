import type { DatabaseTable, SchemaDifference } from '@mikro-orm/postgresql';
import { OnlineMigrationError } from '../../../change/online-migration-error.ts';
import type { ComparedSchemas } from '../../comparison/online-schema-generator.ts';
import type { Question } from './questions.ts';
import { tableAt } from '../schemas/renamed-schema.ts';
import { type TablePlace, placeOf } from '../schemas/table-place.ts';
import { isComputed } from '../schemas/type-changes.ts';

type Column = NonNullable<ReturnType<DatabaseTable['getColumn']>>;

/** A question on values, and the object that it is on. */
export type PlacedQuestion = Question & {
  readonly place: TablePlace & {
    readonly column?: string;
    readonly label?: string;
    /** The schema that a table may be in from now on. */
    readonly otherSchema?: { readonly name: string; readonly isNew: boolean };
  };
};

/**
 * Finds the rows and labels that MikroORM's migration would lose, or take for those of something else. MikroORM compares names: if one is gone and
 * another one has come, nobody but the author knows whether it is the same thing.
 *
 * @param diff without renames
 * @param hasTables whether the migration drops tables
 * @throws OnlineMigrationError if a change cannot keep the rows, whatever the answer
 */
export function findQuestions(
  diff: SchemaDifference,
  schemas: ComparedSchemas,
  hasTables: boolean,
): PlacedQuestion[] {
  refusePartitioning(diff, schemas);
  return [
    ...(hasTables ? [...tableQuestions(diff, schemas), ...schemaQuestions(diff, schemas)] : []),
    ...labelQuestions(schemas),
  ];
}

function tableQuestions(
  { removedTables, newTables }: SchemaDifference,
  schemas: ComparedSchemas,
): PlacedQuestion[] {
  const places = Object.values(newTables).map((table) => placeOf(table, schemas));
  return Object.values(removedTables).flatMap((removed) => {
    const place = placeOf(removed, schemas);
    const candidates = places.filter(({ schema }) => schema === place.schema).map(({ table }) => table);
    if (candidates.length === 0) return [];
    return {
      kind: 'table' as const,
      names: [place.table, `${place.schema}.${place.table}`],
      candidates,
      text: `The table ${place.table} is gone from the entities, and ${listed(candidates)} ${candidates.length === 1 ? 'has' : 'have'} come`,
      place,
    };
  });
}

/** MikroORM makes a table anew if its entity is in another schema, and leaves the old one with its rows. */
function schemaQuestions(
  { newTables, newNamespaces }: SchemaDifference,
  schemas: ComparedSchemas,
): PlacedQuestion[] {
  return Object.values(newTables).flatMap((table) => {
    const { schema, table: name } = placeOf(table, schemas);
    const left = schemas.from
      .getTables()
      .map((other) => placeOf(other, schemas))
      .filter((place) => place.table === name && tableAt(schemas.to, place) === undefined);
    return left.map((place) => ({
      kind: 'table' as const,
      names: [name, `${place.schema}.${name}`],
      candidates: [`${schema}.${name}`],
      text: `The table ${name} is in the schema ${place.schema}, and its entity in ${schema}`,
      place: { ...place, otherSchema: { name: schema, isNew: newNamespaces.has(schema) } },
    }));
  });
}

/** The questions on columns. Those of a renamed table are known when the table has its new name. */
export function columnQuestions(
  { changedTables }: SchemaDifference,
  schemas: ComparedSchemas,
): PlacedQuestion[] {
  return Object.values(changedTables).flatMap(({ fromTable, removedColumns, addedColumns }) => {
    const { schema, table } = placeOf(fromTable, schemas);
    const added = Object.keys(addedColumns);
    return Object.values(removedColumns).flatMap((column) => {
      const again = addedColumns[column.name];
      if (again !== undefined && !isPlainAgainst(column, again)) return [];
      const isOfType = (name: string) =>
        addedColumns[name]!.mappedType.constructor === column.mappedType.constructor;
      const come = added.filter((name) => removedColumns[name] === undefined);
      // A column of the same type is more likely the renamed one.
      const candidates = come.toSorted((one, other) => Number(isOfType(other)) - Number(isOfType(one)));
      if (candidates.length === 0 && again === undefined) return [];
      return {
        kind: 'column' as const,
        names: [column.name, `${table}.${column.name}`, `${schema}.${table}.${column.name}`],
        candidates,
        text:
          again === undefined
            ? `The column ${table}.${column.name} is gone from the entities, and ${listed(candidates)} ${candidates.length === 1 ? 'has' : 'have'} come`
            : `The column ${table}.${column.name} becomes a generated one, and its values are lost`,
        place: { schema, table, column: column.name },
      };
    });
  });
}

/** Whether a column with values of its own becomes one whose values PostgreSQL computes. */
function isPlainAgainst(before: Column, after: Column): boolean {
  return !before.generated && isComputed(after);
}

function labelQuestions({ from, to }: ComparedSchemas): PlacedQuestion[] {
  return Object.entries(from.getNativeEnums()).flatMap(([key, before]) => {
    const after = to.hasNativeEnum(key) ? to.getNativeEnum(key) : undefined;
    if (after === undefined) return [];
    const gone = before.items.filter((label) => !after.items.includes(label));
    const come = after.items.filter((label) => !before.items.includes(label));
    if (come.length === 0) return [];
    const schema = before.schema ?? from.name;
    return gone.map((label) => ({
      kind: 'label' as const,
      names: [label, `${before.name}.${label}`, `${schema}.${before.name}.${label}`],
      candidates: come,
      text: `The label ${label} is gone from the enum ${before.name}, and ${listed(come)} ${come.length === 1 ? 'has' : 'have'} come`,
      place: { schema, table: before.name, label },
    }));
  });
}

/** The labels that the database has and the entities do not, if none has come instead: MikroORM does not notice them. */
export function forgottenLabels({
  from,
  to,
}: ComparedSchemas): { readonly type: string; readonly labels: readonly string[] }[] {
  return Object.entries(from.getNativeEnums()).flatMap(([key, { name, items }]) => {
    if (!to.hasNativeEnum(key)) return [];
    const kept = to.getNativeEnum(key).items;
    const gone = items.filter((label) => !kept.includes(label));
    const hasNew = kept.some((label) => !items.includes(label));
    return gone.length === 0 || hasNew ? [] : [{ type: name, labels: gone }];
  });
}

function refusePartitioning({ changedTables }: SchemaDifference, schemas: ComparedSchemas): void {
  const [changed] = Object.values(changedTables).filter(({ changedPartitioning }) => changedPartitioning);
  if (changed === undefined) return;
  const { schema, table } = placeOf(changed.fromTable, schemas);
  throw new OnlineMigrationError(
    'PARTITIONING_CHANGED',
    `The entity of ${table} has another partitioning, and nothing was written: PostgreSQL cannot partition a table that is there, and ` +
      `MikroORM would copy all rows while nobody can use it. Give the partitioned table an entity and a name of its own, let the ` +
      `application write both, and fill the new one in batches. \`npx online-migration create --as-written\` writes MikroORM's own statements.`,
    { schema, table },
  );
}

function listed(names: readonly string[]): string {
  return names.join(', ');
}
