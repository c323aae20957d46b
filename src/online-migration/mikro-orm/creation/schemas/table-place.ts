import { escapeIdentifier } from 'pg';
import type { DatabaseTable } from '@mikro-orm/postgresql';
import type { ComparedSchemas } from '../../comparison/online-schema-generator.ts';

/** A table by its names. */
export interface TablePlace {
  readonly schema: string;
  readonly table: string;
}

/** The place of a table of one of the two schemas. */
export function placeOf(
  table: Pick<DatabaseTable, 'name' | 'schema'>,
  { from }: ComparedSchemas,
): TablePlace {
  return { schema: table.schema ?? from.name, table: table.name };
}

/** The name of a table as MikroORM writes it: quoted, with its schema unless it is that of tables without one. */
export function tableName({ schema, table }: TablePlace, defaultSchema: string): string {
  return [...(schema === defaultSchema ? [] : [schema]), table]
    .map((name) => escapeIdentifier(name))
    .join('.');
}
