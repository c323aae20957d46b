import { changedColumnsOf, isReversible } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { unquoted } from './filled-column.ts';
import { changeNamesOf, namesOf } from '../change/names.ts';
import { existingFunctions } from './conversion-functions.ts';

/** Whether the triggers of a change fire for every write. */
export interface SyncState {
  /** Names of missing triggers, unquoted. */
  readonly missing: readonly string[];
  /** Names of triggers that do not fire in every session, because they are disabled or no longer ENABLE ALWAYS. */
  readonly silent: readonly string[];
  /**
   * A text that changes when anybody alters a trigger, even with `disable trigger all` followed by `enable trigger
   * all`.
   */
  readonly version: string;
}

/** A query of the triggers of a change, whose parameters are `triggerValues`. */
const TRIGGERS = `
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
    group by wanted.name`;

/**
 * Reads the state of the sync triggers, on the table and on all its partitions. Triggers of another change of the
 * same column count as missing.
 * @param withKeeping also of the triggers that keep old values during contract
 */
export async function readSyncState(
  database: Queryable,
  change: ColumnChange,
  { withKeeping = false } = {},
): Promise<SyncState> {
  const { rows } = await database.query<{ name: string; found: boolean; silent: boolean; version: string }>(
    `${TRIGGERS} order by name`,
    triggerValues(change, withKeeping),
  );
  return {
    missing: rows.filter(({ found }) => !found).map(({ name }) => name),
    silent: rows.filter(({ found, silent }) => found && silent).map(({ name }) => name),
    version: rows.map(({ version }) => version).join(' '),
  };
}

/** Records the current version of the sync triggers. Both columns must have the same values. */
export async function recordSyncTriggers(database: Queryable, change: ColumnChange): Promise<void> {
  await database.query(
    `
    update online_migration.change
    set sync_version = md5((select string_agg(version, ' ' order by name) from (${TRIGGERS}) as triggers))
    where name = $4`,
    [...triggerValues(change, false), changeNamesOf(change).change],
  );
}

/**
 * Whether the sync triggers are unchanged since they were recorded, so that every write since then fired them. It is
 * false if a partition was added or if nothing was recorded.
 */
export async function areSyncTriggersUnaltered(database: Queryable, change: ColumnChange): Promise<boolean> {
  const { version } = await readSyncState(database, change);
  const { rows } = await database.query<{ unaltered: boolean }>(
    `select sync_version is not distinct from md5($2) as unaltered from online_migration.change where name = $1`,
    [changeNamesOf(change).change, version],
  );
  return rows[0]?.unaltered ?? false;
}

/** @param withKeeping also the triggers that keep old values during contract */
function triggerValues(change: ColumnChange, withKeeping: boolean): unknown[] {
  const names = changedColumnsOf(change).map((column) => ({ column, ...namesOf(column) }));
  const wanted = names.flatMap(({ column, ...of }) => {
    const keeping = withKeeping && isReversible(column) ? [of.keepInsertTrigger, of.keepUpdateTrigger] : [];
    return [of.insertTrigger, of.updateTrigger, ...keeping];
  });
  return [changeNamesOf(change).table, wanted.map(unquoted), names.flatMap(({ functions }) => functions)];
}
