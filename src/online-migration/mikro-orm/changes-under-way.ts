import { toolkitTableExists } from '../state/package-table.ts';

/** MikroORM's connection. */
interface Connection {
  execute(sql: string): Promise<unknown>;
}

/** A column change whose table has the new column under its interim name: from expand up to rename, and on the way back. */
export interface ChangeUnderWay {
  readonly schema: string;
  readonly table: string;
  readonly oldColumn: string;
  readonly newColumn: string;
}

/** Reads all changes under way, of whatever table; nobody needs their declarations for it. */
export async function readChangesUnderWay(connection: Connection): Promise<ChangeUnderWay[]> {
  const [registry] = (await connection.execute(`select ${toolkitTableExists('change')} as exists`)) as {
    exists: boolean;
  }[];
  if (!registry?.exists) return [];
  return (await connection.execute(`
    select change.table_schema as schema, change.table_name as "table",
      change.old_column as "oldColumn", change.new_column as "newColumn"
    from online_migration.change
    join pg_catalog.pg_namespace n on n.nspname = change.table_schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = change.table_name
    join pg_catalog.pg_attribute a
      on a.attrelid = c.oid and a.attname = change.new_column and not a.attisdropped
    order by change.name`)) as ChangeUnderWay[];
}
