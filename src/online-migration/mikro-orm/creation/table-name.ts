import { escapeIdentifier } from 'pg';
import type { TablePlace } from './find-questions.ts';

/** The name of a table as MikroORM writes it: quoted, with its schema unless it is that of tables without one. */
export function tableName({ schema, table }: TablePlace, defaultSchema: string): string {
  return [...(schema === defaultSchema ? [] : [schema]), table]
    .map((name) => escapeIdentifier(name))
    .join('.');
}
