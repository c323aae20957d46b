import type { ComparedSchemas } from '../../comparison/online-schema-generator.ts';
import type { SchemaDifference } from '@mikro-orm/postgresql';
import { escapeIdentifier } from 'pg';
import type { Queryable } from '../../../postgres/queryable.ts';
import { type TablePlace, placeOf } from './table-place.ts';

const IDENTITY = /identity$/i;

/**
 * Finds the columns whose numbers come from a sequence and shall come from an identity. MikroORM drops the column and adds it again,
 * so that each row gets another number. These statements keep the numbers; `migration:up` carries them out together, and the identity
 * goes on behind the last number.
 *
 * The columns count as equal afterwards, in both directions: there is no way back, and none is needed, because the column gives numbers
 * to an application that expects a sequence as well.
 *
 * @returns statements
 */
export async function keepNumbers(
  { changedTables }: SchemaDifference,
  schemas: ComparedSchemas,
  database: Queryable,
): Promise<string[]> {
  const statements: string[] = [];
  for (const { fromTable, toTable, addedColumns, removedColumns } of Object.values(changedTables)) {
    for (const [name, before] of Object.entries(removedColumns)) {
      const after = toTable.getColumn(name);
      if (addedColumns[name] === undefined || !IDENTITY.test(after?.generated ?? '') || before.generated)
        continue;
      const place = placeOf(fromTable, schemas);
      const sequence = await sequenceOf(database, place, name);
      if (sequence === null) continue;
      const alter = `alter table ${nameOf(place)} alter column ${escapeIdentifier(name)}`;
      statements.push(
        `${alter} drop default`,
        `drop sequence ${sequence}`,
        `${alter} add generated ${after!.generated === 'identity' ? 'always as identity' : after!.generated}`,
      );
      fromTable.addColumn(after!);
    }
  }
  return statements;
}

function nameOf({ schema, table }: TablePlace): string {
  return `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`;
}

async function sequenceOf(database: Queryable, place: TablePlace, column: string): Promise<string | null> {
  const { rows } = await database.query<{ name: string | null }>(
    `select pg_get_serial_sequence($1, $2) as name where to_regclass($1) is not null`,
    [nameOf(place), column],
  );
  return rows[0]?.name ?? null;
}
