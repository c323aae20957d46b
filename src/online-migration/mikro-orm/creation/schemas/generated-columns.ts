import type { DatabaseSchema, SchemaDifference } from '@mikro-orm/postgresql';

const COMPUTED = /^(.*) (stored|virtual)$/is;

/** Gives the expressions of generated columns the brackets that SQL demands: PostgreSQL tells them without. */
export function bracketGenerated(found: DatabaseSchema): void {
  for (const table of found.getTables()) {
    table.getColumns().forEach((column) => {
      const [, expression, kind] = COMPUTED.exec(column.generated ?? '') ?? [];
      if (expression !== undefined) column.generated = `(${expression}) ${kind}`;
    });
  }
}

/** PostgreSQL drops a column only after the generated ones that use it. */
export function dropGeneratedFirst({ changedTables }: SchemaDifference): void {
  for (const table of Object.values(changedTables)) {
    table.removedColumns = Object.fromEntries(
      Object.entries(table.removedColumns).toSorted(
        ([, one], [, other]) => Number(Boolean(other.generated)) - Number(Boolean(one.generated)),
      ),
    );
  }
}
