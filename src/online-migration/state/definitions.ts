import type { ChangedColumn } from '../change/changed-column.ts';
import { namesOf } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { packageTableExists } from './package-table.ts';

/**
 * The definition of an index, a check or a policy on both columns. The way back restores the text of the old one, which could
 * otherwise come back with other casts.
 */
export interface RecordedDefinition {
  readonly kind: 'index' | 'check' | 'policy';
  /** Its name in the catalog. */
  readonly name: string;
  readonly oldDefinition: string;
  /** The condition at the end of the old definition of an index, the one for new rows of a policy; null for none. */
  readonly oldCondition: string | null;
  readonly newDefinition: string;
}

/** Records definitions, in place of earlier ones of the change. */
export async function recordDefinitions(
  database: Queryable,
  change: ChangedColumn,
  definitions: readonly RecordedDefinition[],
): Promise<void> {
  await database.query(
    `
    insert into online_migration.definition (change, kind, name, old_definition, old_condition, new_definition)
    select $1, d.kind, d.name, d."oldDefinition", d."oldCondition", d."newDefinition"
    from jsonb_to_recordset($2::jsonb)
      as d (kind text, name text, "oldDefinition" text, "oldCondition" text, "newDefinition" text)
    on conflict (change, kind, name) do update
    set old_definition = excluded.old_definition, old_condition = excluded.old_condition,
      new_definition = excluded.new_definition`,
    [namesOf(change).change, JSON.stringify(definitions)],
  );
}

/** Reads the recorded definitions of a change. */
export async function readDefinitions(
  database: Queryable,
  change: ChangedColumn,
): Promise<RecordedDefinition[]> {
  const { rows: tables } = await database.query<{ exists: boolean }>(
    `select ${packageTableExists('definition')} as exists`,
  );
  if (!tables[0]!.exists) return [];
  const { rows } = await database.query<RecordedDefinition>(
    `
    select kind, name, old_definition as "oldDefinition", old_condition as "oldCondition", new_definition as "newDefinition"
    from online_migration.definition
    where change = $1`,
    [namesOf(change).change],
  );
  return rows;
}
