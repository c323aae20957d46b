import { escapeLiteral } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { packageTableExists } from './package-table.ts';

/**
 * The definition of an index, a check, a policy, a view, a trigger, a row filter or a generated column on both columns. The way back restores the text of the old one, which could
 * otherwise come back with other casts.
 */
export interface RecordedDefinition {
  readonly kind: 'index' | 'check' | 'policy' | 'view' | 'trigger' | 'filter' | 'generated';
  /** Its name in the catalog; for a view schema and name, quoted; for a row filter the publication and the table. */
  readonly name: string;
  readonly oldDefinition: string;
  /** The condition at the end of the old definition of an index, the one for new rows of a policy; null for none. */
  readonly oldCondition: string | null;
  readonly newDefinition: string;
}

/** Records definitions, in place of earlier ones of the change. */
export async function recordDefinitions(
  database: Queryable,
  change: ColumnChange,
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
    [changeNamesOf(change).change, JSON.stringify(definitions)],
  );
}

/**
 * The statement that records definitions of one kind, in place of earlier ones of the change.
 * @param definitions an SQL query of their names, their old definitions and their new ones
 */
export function recordDefinitionsStatement(
  change: ColumnChange,
  kind: RecordedDefinition['kind'],
  definitions: string,
): string {
  return `
    insert into online_migration.definition (change, kind, name, old_definition, new_definition)
    select ${escapeLiteral(changeNamesOf(change).change)}, '${kind}', d.name, d.old_definition, d.new_definition
    from (${definitions}) as d (name, old_definition, new_definition)
    on conflict (change, kind, name) do update
    set old_definition = excluded.old_definition, new_definition = excluded.new_definition`;
}

/** Reads the recorded definitions of a change. */
export async function readDefinitions(
  database: Queryable,
  change: ColumnChange,
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
    [changeNamesOf(change).change],
  );
  return rows;
}
