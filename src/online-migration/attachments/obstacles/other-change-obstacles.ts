import { escapeIdentifier } from 'pg';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { type ChangedColumn, isRename, keyColumnsOf } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { namesOf, PACKAGE_SCHEMA, syncFunctionName } from '../../change/names.ts';
import { type RecordedChange, readRecordedChanges } from '../../state/recorded-changes.ts';
import type { Side } from '../../sync/filled-column.ts';
import { columnAt } from '../table-column.ts';

interface OtherChange extends RecordedChange {
  readonly syncBody: string | null;
  /** An index or a constraint that uses a column of both changes; null for none. Each would make a copy of it. */
  readonly shared: string | null;
}

/**
 * Finds other changes that conflict, an obstacle each: one with the same name, and changes of the table that are
 * under way.
 * @param side the column that the table has; the new one before a rename is reverted
 */
export async function otherChangeObstacles(
  database: Queryable,
  change: ChangedColumn,
  side: Side = 'old',
): Promise<Obstacle[]> {
  const recorded = await readRecordedChanges(database);
  if (recorded.length === 0) return [];
  const { column } = columnAt(change, side);
  const isKeyPart = await isInUniqueIndex(database, change, column);
  const others = await readOthersUnderWay(database, change, recorded, column);
  return [
    ...takenName(change, recorded),
    ...usedInterimName(change, recorded),
    ...others.flatMap((other) => {
      const reason = conflict(change, column, other, isKeyPart);
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

function conflict(
  change: ChangedColumn,
  name: string,
  other: OtherChange,
  isKeyPart: boolean,
): string | null {
  const changed = other.columns.flatMap(({ oldColumn, newColumn }) => [oldColumn, newColumn]);
  // A rename reads no row by its key.
  const lost = isRename(change) ? [] : keyColumnsOf(change).filter((column) => changed.includes(column));
  if (changed.includes(name)) return `it changes ${name} too`;
  if (lost.length > 0) return `its contract and its rename would take ${lost.join(', ')} away from \`key\``;
  if (
    other.syncBody !== null &&
    ['new', 'old'].some((row) => other.syncBody!.includes(`${row}.${escapeIdentifier(name)}`))
  )
    return `its trigger uses ${name}`;
  if (other.shared !== null) return `${other.shared} uses columns of both`;
  if (isKeyPart) return `it may know its rows by ${name}, which is in a unique index`;
  return null;
}

/** Other changes of the table that still have an interim column. */
async function readOthersUnderWay(
  database: Queryable,
  change: ChangedColumn,
  recorded: readonly RecordedChange[],
  column: string,
): Promise<OtherChange[]> {
  const others: OtherChange[] = [];
  for (const record of recorded) {
    if (record.name === namesOf(change).change || !isOfTable(record, change)) continue;
    if (!record.columns.some(({ hasInterimName }) => hasInterimName)) continue;
    const { rows: functions } = await database.query<{ body: string }>(
      `select prosrc as body from pg_catalog.pg_proc where pronamespace = $1::text::regnamespace and proname = $2`,
      [PACKAGE_SCHEMA, syncFunctionName(record.name)],
    );
    const changed = record.columns.flatMap(({ oldColumn, newColumn }) => [oldColumn, newColumn]);
    others.push({
      ...record,
      syncBody: functions[0]?.body ?? null,
      shared: isRename(change) ? null : await readShared(database, change, column, changed),
    });
  }
  return others;
}

/** The first index or constraint of the table that uses the column and one of the others. */
async function readShared(
  database: Queryable,
  change: ChangedColumn,
  column: string,
  others: readonly string[],
): Promise<string | null> {
  const { rows } = await database.query<{ name: string }>(
    `
    select distinct coalesce(c.relname, con.conname)::text as name
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_depend one on one.refclassid = 'pg_class'::regclass and one.refobjid = a.attrelid and one.refobjsubid = a.attnum
    join pg_catalog.pg_attribute b on b.attrelid = a.attrelid and b.attname = any ($3)
    join pg_catalog.pg_depend other
      on other.classid = one.classid and other.objid = one.objid
        and other.refclassid = one.refclassid and other.refobjid = b.attrelid and other.refobjsubid = b.attnum
    left join pg_catalog.pg_class c on one.classid = 'pg_class'::regclass and c.oid = one.objid and c.relkind in ('i', 'I')
    left join pg_catalog.pg_constraint con on one.classid = 'pg_constraint'::regclass and con.oid = one.objid
    where a.attrelid = to_regclass($1) and a.attname = $2 and (c.oid is not null or con.oid is not null)
    order by 1
    limit 1`,
    [namesOf(change).table, column, others],
  );
  return rows[0]?.name ?? null;
}

/** Records of the two changes would be confused. */
function takenName(change: ChangedColumn, recorded: readonly RecordedChange[]): Obstacle[] {
  const { oldColumn, newColumn } = change;
  const { change: name } = namesOf(change);
  const record = recorded.find((other) => other.name === name);
  if (record === undefined) return [];
  const [column, ...further] = record.columns;
  const isSame =
    isOfTable(record, change) &&
    further.length === 0 &&
    column?.oldColumn === oldColumn.name &&
    column.oldType === oldColumn.type &&
    column.newType === newColumn.type;
  if (isSame) return [];
  const columns = record.columns.map((pair) => `${pair.oldColumn} to ${pair.newColumn}`).join(', ');
  const what = `${record.schema}.${record.table}, ${columns}`;
  return [
    obstacle(
      'CHANGE_NAME_TAKEN',
      `A change called ${name} is recorded already, of ${what}: declare another \`name\`.`,
      { name, recorded: what },
    ),
  ];
}

/** The stage of the earlier change would be read from this change's new column, and its revert would drop that. */
function usedInterimName(change: ChangedColumn, recorded: readonly RecordedChange[]): Obstacle[] {
  const { newColumn } = change;
  const earlier = recorded.find(
    (record) =>
      record.name !== namesOf(change).change &&
      isOfTable(record, change) &&
      record.columns.some((pair) => pair.newColumn === newColumn.name),
  );
  if (earlier === undefined) return [];
  return [
    obstacle(
      'INTERIM_NAME_USED',
      `The change ${earlier.name} of this table has used the name ${newColumn.name}: declare another \`to.name\`.`,
      { column: newColumn.name, otherChange: earlier.name },
    ),
  ];
}

function isOfTable({ schema, table }: RecordedChange, change: ChangedColumn): boolean {
  return schema === change.table.schema && table === change.table.name;
}

async function isInUniqueIndex(database: Queryable, change: ChangedColumn, column: string): Promise<boolean> {
  const { rows } = await database.query<{ is_in: boolean }>(
    `
    select exists (
      select from pg_catalog.pg_index i
      join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attname = $2 and a.attnum = any (i.indkey::int2[])
      where i.indrelid = to_regclass($1) and i.indisunique and a.attnotnull
    ) as is_in`,
    [namesOf(change).table, column],
  );
  return rows[0]?.is_in ?? false;
}
