import type { OnlineMigrationConfig } from './config-file.ts';

/** The options of MikroORM that name the table. */
interface LedgerOptions {
  readonly schema?: string;
  readonly migrations?: { readonly tableName?: string; readonly schema?: string };
}

/** A table by its names in the catalog. */
export interface LedgerTable {
  readonly schema: string;
  readonly name: string;
}

/** The table in which MikroORM records applied migrations; null if the project does not use MikroORM. */
export async function ledgerTableOf({ mikroOrm }: OnlineMigrationConfig): Promise<LedgerTable | null> {
  const found: unknown = await (typeof mikroOrm === 'function' ? mikroOrm() : mikroOrm);
  if (typeof found !== 'object' || found === null) return null;
  const { schema, migrations = {} } = found as LedgerOptions;
  // The order of MikroORM's MigrationStorage.
  const [first, second] = (migrations.tableName ?? 'mikro_orm_migrations').split('.') as [string, string?];
  return {
    schema: migrations.schema ?? (second === undefined ? (schema ?? 'public') : first),
    name: second ?? first,
  };
}
