import { type ChangedColumn, isReversible } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { unquoted } from './filled-column.ts';
import { namesOf } from '../change/names.ts';
import { existingFunctions } from './own-functions.ts';

/** Whether the triggers of a change fire for every write. */
export interface SyncState {
  /** Names of triggers that are not there, unquoted. */
  readonly missing: readonly string[];
  /** Names of triggers that do not fire in every session: disabled, or not ENABLE ALWAYS any more. */
  readonly silent: readonly string[];
  /**
   * The same text as long as nobody has altered a trigger: `disable trigger all` and `enable trigger all` in between give
   * another one.
   */
  readonly version: string;
}

/**
 * Reads the state of the sync triggers, on the table and on all its partitions. Those of another change of the same column are
 * not there for this one.
 * @param withKeeping also of the triggers that keep old values during contract
 */
export async function readSyncState(
  database: Queryable,
  change: ChangedColumn,
  { withKeeping = false } = {},
): Promise<SyncState> {
  const names = namesOf(change);
  const wanted = [names.insertTrigger, names.updateTrigger];
  if (withKeeping && isReversible(change)) wanted.push(names.keepInsertTrigger, names.keepUpdateTrigger);
  const { rows } = await database.query<{ name: string; found: boolean; silent: boolean; version: string }>(
    `
    with member as (
      select to_regclass($1)::oid as oid
      union
      select relid::oid from pg_partition_tree(to_regclass($1))
    )
    select wanted.name, count(t.oid) > 0 as found, coalesce(bool_or(t.tgenabled <> 'A'), false) as silent,
      coalesce(string_agg(format('%s %s %s', t.oid, t.tgenabled, t.xmin), ' ' order by t.oid), '') as version
    from unnest($2::text[]) as wanted (name)
    left join pg_catalog.pg_trigger t
      on t.tgrelid in (select oid from member) and t.tgname = wanted.name
        and t.tgfoid in ${existingFunctions('$3')}
    group by wanted.name
    order by wanted.name`,
    [names.table, wanted.map(unquoted), names.functions],
  );
  return {
    missing: rows.filter(({ found }) => !found).map(({ name }) => name),
    silent: rows.filter(({ found, silent }) => found && silent).map(({ name }) => name),
    version: rows.map(({ version }) => version).join(' '),
  };
}

/** Records the sync triggers as they are now, when both columns have the same values. */
export async function recordSyncTriggers(database: Queryable, change: ChangedColumn): Promise<void> {
  const { version } = await readSyncState(database, change);
  await database.query(`update online_migration.change set sync_version = md5($2) where name = $1`, [
    namesOf(change).change,
    version,
  ]);
}

/**
 * Whether the sync triggers are as they were recorded, so that no write has passed them since. It is false as well if a partition
 * was added, or if nothing was recorded.
 */
export async function areSyncTriggersUnaltered(database: Queryable, change: ChangedColumn): Promise<boolean> {
  const { version } = await readSyncState(database, change);
  const { rows } = await database.query<{ unaltered: boolean }>(
    `select sync_version is not distinct from md5($2) as unaltered from online_migration.change where name = $1`,
    [namesOf(change).change, version],
  );
  return rows[0]?.unaltered ?? false;
}
