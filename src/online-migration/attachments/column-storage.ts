import { escapeIdentifier } from 'pg';
import type { ColumnChange, Queryable } from '../column-change.ts';
import type { Side } from '../filled-column.ts';
import { namesOf } from '../names.ts';
import type { LockedPlan } from '../strong-lock.ts';
import { columnAt } from './table-column.ts';

interface ColumnStorage {
  /** As `set storage` takes it; null where it is what the column's type has by itself. */
  readonly storage: string | null;
  /** As `set compression` takes it; null where it is the server's default. */
  readonly compression: string | null;
}

/**
 * Plans that a column which is about to be added stores long values as the other one does: ahead of the first value, since
 * a setting that comes later changes none that is there. A type without long values has nothing to set.
 * @param from the column that is there
 */
export async function planStorage(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<LockedPlan> {
  const added = from === 'old' ? change.newColumn : change.oldColumn;
  const { table, column } = columnAt(change, from);
  const { rows } = await database.query<ColumnStorage>(
    `
    select
      case
        when a.attstorage <> own.typstorage then
          case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end
      end as storage,
      case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end as compression
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_type own on own.oid = a.atttypid
    join pg_catalog.pg_type other on other.oid = to_regtype($3) and other.typstorage <> 'p'
    where a.attrelid = to_regclass($1) and a.attname = $2`,
    [table, column, added.type],
  );
  const alter = `alter table ${namesOf(change).table} alter column ${escapeIdentifier(added.name)}`;
  return {
    statements: rows.flatMap(({ storage, compression }) => [
      ...(storage === null ? [] : [`${alter} set storage ${storage}`]),
      ...(compression === null ? [] : [`${alter} set compression ${compression}`]),
    ]),
    furtherTables: [],
  };
}
