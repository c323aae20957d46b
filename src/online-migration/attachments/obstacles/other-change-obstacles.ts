import { escapeIdentifier } from 'pg';
import type { ColumnChange } from '../../change/column-change.ts';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { changedColumnsOf, isRename, keyColumnsOf } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { changeNamesOf, PACKAGE_SCHEMA, recordName, syncFunctionName } from '../../change/names.ts';
import { type RecordedChange, readRecordedChanges } from '../../state/recorded-changes.ts';
import type { Side } from '../../sync/filled-column.ts';
import { columnsAt } from '../table-column.ts';

interface OtherChange extends RecordedChange {
  /** The bodies of its trigger functions. */
  readonly syncBodies: string;
  /** An index or a constraint that uses columns of both changes; null for none. Each would make a copy of it. */
  readonly shared: string | null;
}

/**
 * Finds other changes that conflict, an obstacle each: one with the same name, and changes of the table that are
 * under way.
 * @param side the side that the table has; the new one before a rename is reverted
 */
export async function otherChangeObstacles(
  database: Queryable,
  change: ColumnChange,
  side: Side = 'old',
): Promise<Obstacle[]> {
  const recorded = await readRecordedChanges(database);
  if (recorded.length === 0) return [];
  const { columns } = columnsAt(change, side);
  const keyPart = await findInUniqueIndex(database, change, columns);
  const others = await readOthersUnderWay(database, change, recorded, columns);
  return [
    ...takenName(change, recorded),
    ...usedInterimName(change, recorded),
    ...others.flatMap((other) => {
      const reason = conflict(change, columns, other, keyPart);
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
  change: ColumnChange,
  names: readonly string[],
  other: OtherChange,
  keyPart: string | null,
): string | null {
  const changed = other.columns.flatMap(({ oldColumn, newColumn }) => [oldColumn, newColumn]);
  // A rename reads no row by its key.
  const lost = isRename(change) ? [] : keyColumnsOf(change).filter((column) => changed.includes(column));
  const both = names.find((name) => changed.includes(name));
  if (both !== undefined) return `it changes ${both} too`;
  if (lost.length > 0) return `its contract and its rename would take ${lost.join(', ')} away from \`key\``;
  const used = names.find((name) =>
    ['new', 'old'].some((row) => other.syncBodies.includes(`${row}.${escapeIdentifier(name)}`)),
  );
  if (used !== undefined) return `its trigger uses ${used}`;
  if (other.shared !== null) return `${other.shared} uses columns of both`;
  if (keyPart !== null) return `it may know its rows by ${keyPart}, which is in a unique index`;
  return null;
}

/** Other changes of the table that still have an interim column. */
async function readOthersUnderWay(
  database: Queryable,
  change: ColumnChange,
  recorded: readonly RecordedChange[],
  columns: readonly string[],
): Promise<OtherChange[]> {
  const others: OtherChange[] = [];
  for (const record of recorded) {
    if (record.name === changeNamesOf(change).change || !isOfTable(record, change)) continue;
    if (!record.columns.some(({ hasInterimName }) => hasInterimName)) continue;
    const { rows: functions } = await database.query<{ body: string }>(
      `select prosrc as body from pg_catalog.pg_proc where pronamespace = $1::text::regnamespace and proname = any ($2)`,
      [
        PACKAGE_SCHEMA,
        record.columns.map(({ oldColumn }) =>
          syncFunctionName(recordName(record.name, oldColumn, record.columns.length)),
        ),
      ],
    );
    const changed = record.columns.flatMap(({ oldColumn, newColumn }) => [oldColumn, newColumn]);
    others.push({
      ...record,
      syncBodies: functions.map(({ body }) => body).join('\n'),
      shared: isRename(change) ? null : await readShared(database, change, columns, changed),
    });
  }
  return others;
}

/** The first index or constraint of the table that uses one of the columns and one of the others. */
async function readShared(
  database: Queryable,
  change: ColumnChange,
  columns: readonly string[],
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
    where a.attrelid = to_regclass($1) and a.attname = any ($2) and (c.oid is not null or con.oid is not null)
    order by 1
    limit 1`,
    [changeNamesOf(change).table, columns, others],
  );
  return rows[0]?.name ?? null;
}

/** Records of the two changes would be confused. */
function takenName(change: ColumnChange, recorded: readonly RecordedChange[]): Obstacle[] {
  const { change: name } = changeNamesOf(change);
  const record = recorded.find((other) => other.name === name);
  if (record === undefined) return [];
  const declared = changedColumnsOf(change);
  const isSame =
    isOfTable(record, change) &&
    record.columns.length === declared.length &&
    record.columns.every(({ oldColumn, oldType, newType }, place) => {
      const column = declared[place]!;
      return (
        oldColumn === column.oldColumn.name &&
        oldType === column.oldColumn.type &&
        newType === column.newColumn.type
      );
    });
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
function usedInterimName(change: ColumnChange, recorded: readonly RecordedChange[]): Obstacle[] {
  const others = recorded.filter(
    (record) => record.name !== changeNamesOf(change).change && isOfTable(record, change),
  );
  return columnsAt(change, 'new').columns.flatMap((name) => {
    const earlier = others.find(({ columns }) => columns.some(({ newColumn }) => newColumn === name));
    if (earlier === undefined) return [];
    return [
      obstacle(
        'INTERIM_NAME_USED',
        `The change ${earlier.name} of this table has used the name ${name}: declare another \`to.name\`.`,
        { column: name, otherChange: earlier.name },
      ),
    ];
  });
}

function isOfTable({ schema, table }: RecordedChange, change: ColumnChange): boolean {
  return schema === change.table.schema && table === change.table.name;
}

/** The first of the columns that a row could be known by. */
async function findInUniqueIndex(
  database: Queryable,
  change: ColumnChange,
  columns: readonly string[],
): Promise<string | null> {
  const { rows } = await database.query<{ name: string }>(
    `
    select a.attname as name
    from pg_catalog.pg_index i
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attname = any ($2) and a.attnum = any (i.indkey::int2[])
    where i.indrelid = to_regclass($1) and i.indisunique and a.attnotnull
    order by 1
    limit 1`,
    [changeNamesOf(change).table, columns],
  );
  return rows[0]?.name ?? null;
}
