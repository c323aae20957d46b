import type { Queryable } from '../postgres/queryable.ts';
import { sqlState, SQLSTATE } from '../postgres/database-error.ts';
import { packageTableExists } from './package-table.ts';

/** The ledger of a change's phases: MikroORM's table of migrations, or `online_migration.phase`. */
export type Ledger = 'mikro-orm' | 'online-migration';

/** One column of a recorded change. */
export interface RecordedColumn {
  readonly oldColumn: string;
  readonly newColumn: string;
  readonly oldType: string;
  readonly newType: string;
  /**
   * Whether the table has the new column under its interim name: from expand to rename, in both directions. A change
   * that is only a rename has no interim name. Its record has one type twice, with which no other change can begin.
   */
  readonly hasInterimName: boolean;
}

/** A change that is recorded from its expand until that is reverted. */
export interface RecordedChange {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly ledger: Ledger;
  readonly columns: readonly RecordedColumn[];
}

/** A record whose columns are still in the table `change`, as in the first step. */
const WITHOUT_COLUMN_TABLE = `
  select c.name, c.table_schema, c.table_name, 'mikro-orm' as ledger, 1 as position, c.old_column, c.new_column, c.old_type, c.new_type
  from online_migration.change c`;

const WITH_COLUMN_TABLE = `
  select c.name, c.table_schema, c.table_name, c.ledger, p.position, p.old_column, p.new_column, p.old_type, p.new_type
  from online_migration.change c
  join online_migration.change_column p on p.change = c.name`;

/** Codes of a statement on tables that another session has just dropped or altered. */
const ALTERED_CODES = new Set<string>([SQLSTATE.undefinedTable, SQLSTATE.undefinedColumn]);

/** Reads all recorded changes, of any table and ledger, sorted by name. It needs no rights and no declarations. */
export async function readRecordedChanges(database: Queryable): Promise<RecordedChange[]> {
  try {
    return await readAtOnce(database);
  } catch (error) {
    if (!ALTERED_CODES.has(sqlState(error) ?? '')) throw error;
    return readAtOnce(database);
  }
}

async function readAtOnce(database: Queryable): Promise<RecordedChange[]> {
  const { rows: tables } = await database.query<{ has_changes: boolean; has_columns: boolean }>(`
    select ${packageTableExists('change')} as has_changes, ${packageTableExists('change_column')} as has_columns`);
  const { has_changes: hasChanges, has_columns: hasColumns } = tables[0]!;
  if (!hasChanges) return [];
  const { rows } = await database.query<RecordedChange>(`
    select r.name, r.table_schema as schema, r.table_name as "table", r.ledger,
      jsonb_agg(
        jsonb_build_object(
          'oldColumn', r.old_column, 'newColumn', r.new_column, 'oldType', r.old_type, 'newType', r.new_type,
          'hasInterimName', r.old_type <> r.new_type and exists (
            select from pg_catalog.pg_attribute a
            join pg_catalog.pg_class t on t.oid = a.attrelid
            join pg_catalog.pg_namespace n on n.oid = t.relnamespace
            where n.nspname = r.table_schema and t.relname = r.table_name and a.attname = r.new_column and not a.attisdropped
          )
        )
        order by r.position
      ) as columns
    from (${hasColumns ? WITH_COLUMN_TABLE : WITHOUT_COLUMN_TABLE}) as r
    group by r.name, r.table_schema, r.table_name, r.ledger
    order by r.name`);
  return rows;
}
