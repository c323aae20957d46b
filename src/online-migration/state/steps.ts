import { RECORDED_KEY_BYTES, recordedKey } from '../change/row-key.ts';

/*
 * The package's tables are made by numbered steps. The table `online_migration.step` has the numbers of the applied ones.
 *
 * - A released step is never edited: add another one at the end.
 * - A step can run again on a database that has it, so that it makes a table that somebody has dropped.
 * - The application may be deployed before or after a step is applied. So its reading code copes with the tables before and
 *   behind the step, and a step does not alter a column that code of the version before reads while it serves.
 * - Values of the users' tables stay closed. Everyone may read the other tables.
 */

/** The tables of versions that recorded no steps; the oldest of them made no `change` and no `lock_hold`. */
const TABLES = `
  create table if not exists online_migration.change (
    name text primary key,
    table_schema text not null,
    table_name text not null,
    old_column text not null,
    new_column text not null,
    old_type text not null,
    new_type text not null,
    -- Contract has kept old values that only its revert needs.
    has_kept_values boolean not null default false,
    -- The version of the sync triggers at a time when both columns had the same values.
    sync_version text,
    expanded_at timestamptz not null default now()
  );
  -- People may set paused and the two settings while the backfill runs, by hand or with online-migration backfill.
  create table if not exists online_migration.backfill (
    change text primary key,
    direction text not null check (direction in ('forward', 'backward')),
    rows_done bigint not null default 0,
    rows_total bigint not null,
    rows_swept bigint not null default 0,
    rows_per_second double precision not null default 0,
    seconds_left double precision,
    batch_rows integer,
    paused_for text,
    paused boolean not null default false,
    batch_ms integer check (batch_ms between 1 and 10000),
    workers integer check (workers between 1 and 64),
    started_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    finished_at timestamptz
  );
  -- The plan of each backfill and its checkpoint: the next block in each range of heap blocks, and the range's worker.
  create table if not exists online_migration.backfill_range (
    change text not null,
    leaf text not null,
    first_block bigint not null,
    end_block bigint not null,
    stripe integer not null default 0,
    next_block bigint not null,
    rows_per_block double precision not null,
    rows_filled bigint not null default 0,
    claimed_by text,
    primary key (change, leaf, first_block)
  );
  -- Rows whose old value has no faithful new value.
  create table if not exists online_migration.reject (
    change text not null,
    key text not null,
    raw_value text not null,
    reason text not null,
    found_at timestamptz not null default now(),
    primary key (change, key)
  );
  -- Old values that revert contract could not rebuild exactly from the new ones.
  create table if not exists online_migration.kept_value (
    change text not null,
    key text not null,
    raw_value text not null,
    primary key (change, key)
  );
  -- How long each purpose of each phase held its strongest lock the last time it ran.
  create table if not exists online_migration.lock_hold (
    change text not null,
    purpose text not null,
    mode text not null,
    milliseconds double precision not null,
    released_at timestamptz not null default now(),
    primary key (change, purpose)
  );
  grant usage on schema online_migration to public;
  grant select on online_migration.change, online_migration.backfill, online_migration.backfill_range,
    online_migration.lock_hold to public`;

/**
 * Gives a change a list of columns and a ledger. The foreign keys keep a version that does not know the new tables
 * from dropping only the old ones.
 */
const COLUMNS_AND_LEDGER = `
  create table if not exists online_migration.change_column (
    change text not null references online_migration.change on delete cascade,
    position integer not null,
    old_column text not null,
    new_column text not null,
    old_type text not null,
    new_type text not null,
    primary key (change, position)
  );
  do $$
  begin
    if exists (
      select from pg_catalog.pg_attribute
      where attrelid = 'online_migration.change'::regclass and attname = 'old_column' and not attisdropped
    ) then
      insert into online_migration.change_column (change, position, old_column, new_column, old_type, new_type)
      select name, 1, old_column, new_column, old_type, new_type from online_migration.change;
      alter table online_migration.change
        drop column old_column, drop column new_column, drop column old_type, drop column new_type;
    end if;
  end $$;
  alter table online_migration.change add column if not exists ledger text not null default 'mikro-orm';
  -- The ledger of a project without MikroORM.
  create table if not exists online_migration.phase (
    change text not null references online_migration.change on delete cascade,
    phase text not null,
    applied_at timestamptz not null default now(),
    primary key (change, phase)
  );
  grant select on online_migration.change_column, online_migration.phase to public`;

/**
 * Records the table and the key of a change; null in a record of an earlier version. Shortens long keys, which an
 * earlier version recorded whole if they could be compressed. It reads the recorded keys once and writes only these.
 */
const TABLE_AND_KEY = `
  alter table online_migration.change
    add column if not exists table_oid oid,
    -- The names and the numbers of the key's columns, in the order of the declaration.
    add column if not exists key_columns text[],
    add column if not exists key_numbers integer[];
  update online_migration.reject set key = ${recordedKey('key')} where octet_length(key) > ${RECORDED_KEY_BYTES};
  update online_migration.kept_value set key = ${recordedKey('key')} where octet_length(key) > ${RECORDED_KEY_BYTES}`;

/** The definitions of indexes, checks, policies and views on both columns. A way back restores the old ones byte for byte. */
const DEFINITIONS = `
  create table if not exists online_migration.definition (
    change text not null references online_migration.change on delete cascade,
    kind text not null check (kind in ('index', 'check', 'policy', 'view')),
    name text not null,
    old_definition text not null,
    -- The condition at the end of the old definition of an index, the one for new rows of a policy.
    old_condition text,
    new_definition text not null,
    primary key (change, kind, name)
  )`;

/** The definitions also of triggers and row filters. */
const TRIGGERS_AND_FILTERS = `
  alter table online_migration.definition
    drop constraint if exists definition_kind_check,
    add constraint definition_kind_check check (kind in ('index', 'check', 'policy', 'view', 'trigger', 'filter'))`;

/** The definitions also of generated columns, and the constraints to validate after their expressions have changed. */
const GENERATED_COLUMNS = `
  alter table online_migration.definition
    drop constraint if exists definition_kind_check,
    add constraint definition_kind_check
      check (kind in ('index', 'check', 'policy', 'view', 'trigger', 'filter', 'generated'));
  -- Constraints that a phase has added again as NOT VALID, until it has validated them.
  create table if not exists online_migration.unvalidated (
    change text not null references online_migration.change on delete cascade,
    -- Schema and name, quoted.
    owner text not null,
    name text not null,
    primary key (change, owner, name)
  );
  grant select on online_migration.unvalidated to public`;

/** SQL scripts; the number of the first one is 1. */
export const STEPS: readonly string[] = [
  TABLES,
  COLUMNS_AND_LEDGER,
  TABLE_AND_KEY,
  DEFINITIONS,
  TRIGGERS_AND_FILTERS,
  GENERATED_COLUMNS,
];

/** The step of this version's tables. */
export const NEWEST_STEP = STEPS.length;
