import { escapeIdentifier } from 'pg';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { type ChangedColumn, keyColumnsOf } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { fitting, namesOf, TOOLKIT_SCHEMA } from '../../change/names.ts';
import { toolkitTableExists } from '../../state/package-table.ts';

interface OtherChange {
  name: string;
  old_column: string;
  new_column: string;
  sync_body: string | null;
}

/** Which other changes are in the way, an obstacle each: one of the same name, and those of the table that are under way. */
export async function otherChangeObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { rows } = await database.query<{ is_there: boolean }>(
    `select ${toolkitTableExists('change')} as is_there`,
  );
  if (!rows[0]?.is_there) return [];
  const isKeyPart = await isInUniqueIndex(database, change);
  const others = await readOthersUnderWay(database, change);
  return [
    ...(await takenName(database, change)),
    ...others.flatMap((other) => {
      const reason = conflict(change, other, isKeyPart);
      return reason === null
        ? []
        : [
            obstacle(
              'OTHER_CHANGE_UNDER_WAY',
              `The change ${other.name} of this table is under way, and ${reason}. Finish it first.`,
              { otherChange: other.name, reason },
            ),
          ];
    }),
  ];
}

function conflict(change: ChangedColumn, other: OtherChange, isKeyPart: boolean): string | null {
  const { name } = change.oldColumn;
  const changed = [other.old_column, other.new_column];
  const lost = keyColumnsOf(change).filter((column) => changed.includes(column));
  if (changed.includes(name)) return `it changes ${name} too`;
  if (lost.length > 0) return `its contract and its rename would take ${lost.join(', ')} away from \`key\``;
  if (
    other.sync_body !== null &&
    ['new', 'old'].some((row) => other.sync_body!.includes(`${row}.${escapeIdentifier(name)}`))
  )
    return `its trigger uses ${name}`;
  if (isKeyPart) return `it may know its rows by ${name}, which is in a unique index`;
  return null;
}

/** The other changes of the table that have their interim column still. */
async function readOthersUnderWay(database: Queryable, change: ChangedColumn): Promise<OtherChange[]> {
  const { rows } = await database.query<Omit<OtherChange, 'sync_body'>>(
    `
    select c.name, c.old_column, c.new_column
    from online_migration.change c
    join pg_catalog.pg_attribute a on a.attrelid = to_regclass($1) and a.attname = c.new_column and not a.attisdropped
    where c.table_schema = $2 and c.table_name = $3 and c.name <> $4
    order by c.name`,
    [namesOf(change).table, change.table.schema, change.table.name, namesOf(change).change],
  );
  const others: OtherChange[] = [];
  for (const row of rows) {
    const { rows: functions } = await database.query<{ body: string }>(
      `select prosrc as body from pg_catalog.pg_proc where pronamespace = $1::text::regnamespace and proname = $2`,
      [TOOLKIT_SCHEMA, fitting(`${row.name} sync`)],
    );
    others.push({ ...row, sync_body: functions[0]?.body ?? null });
  }
  return others;
}

/** Records of the two changes would be confused. */
async function takenName(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { table, oldColumn, newColumn } = change;
  const { rows } = await database.query<{ what: string }>(
    `
    select format('%I.%I, %I to %I', table_schema, table_name, old_column, new_column) as what
    from online_migration.change
    where name = $1
      and (table_schema, table_name, old_column, old_type, new_type) is distinct from ($2::text, $3::text, $4::text, $5::text, $6::text)`,
    [namesOf(change).change, table.schema, table.name, oldColumn.name, oldColumn.type, newColumn.type],
  );
  return rows.map(({ what }) =>
    obstacle(
      'CHANGE_NAME_TAKEN',
      `A change called ${namesOf(change).change} is recorded already, of ${what}: declare another \`name\`.`,
      { name: namesOf(change).change, recorded: what },
    ),
  );
}

async function isInUniqueIndex(database: Queryable, change: ChangedColumn): Promise<boolean> {
  const { rows } = await database.query<{ is_in: boolean }>(
    `
    select exists (
      select from pg_catalog.pg_index i
      join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attname = $2 and a.attnum = any (i.indkey::int2[])
      where i.indrelid = to_regclass($1) and i.indisunique and a.attnotnull
    ) as is_in`,
    [namesOf(change).table, change.oldColumn.name],
  );
  return rows[0]?.is_in ?? false;
}
