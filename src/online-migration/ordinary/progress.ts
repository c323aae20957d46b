import { createHash } from 'node:crypto';
import { deleteBackfill } from '../backfill/plan/checkpoint.ts';
import { readFillNames } from '../backfill/plan/progress.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { packageTableExists } from '../state/package-table.ts';
import { dropEmptySchema } from '../state/tables.ts';
import { statementOf, type TableFill } from './fill/table-fill.ts';
import type { Part } from './parts.ts';
import type { Step } from './planning/step.ts';

/** How far an ordinary migration of several transactions is. */
export interface Progress {
  /** The plan that it began with. */
  readonly steps: readonly Step[];
  /** The number of steps that are done. */
  readonly done: number;
  /** The number of steps that have begun: one more, if a step outside of a transaction was interrupted. */
  readonly begun: number;
}

interface Key {
  readonly migration: string;
  readonly direction: 'up' | 'down';
}

const TABLE = `
  create table if not exists online_migration.ordinary_migration (
    migration text primary key,
    direction text not null check (direction in ('up', 'down')),
    -- Of the statements as they were written.
    hash text not null,
    steps jsonb not null,
    done integer not null default 0,
    begun integer not null default 0,
    started_at timestamptz not null default now()
  )`;

/** An SQL condition: the table exists, and the role may read and write it. */
const MAY_USE_TABLE = `
  exists (
    select from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'online_migration' and c.relname = 'ordinary_migration' and has_schema_privilege(n.oid, 'usage')
      and (
        select bool_and(has_table_privilege(c.oid, need)) from unnest(array['select', 'insert', 'update', 'delete']) as need
      )
  )`;

/**
 * Reads how far an interrupted migration is.
 * @param statements as they are written now
 * @returns null if it has not begun
 * @throws OnlineMigrationError if its statements are not those that it began with, or it began in the other direction
 */
export async function readProgress(
  database: Queryable,
  { migration, direction }: Key,
  statements: readonly Part[],
): Promise<Progress | null> {
  const { rows: tables } = await database.query<{ usable: boolean }>(`select ${MAY_USE_TABLE} as usable`);
  // If the table is of another role, a migration of several steps is refused when it begins.
  if (!tables[0]?.usable) return null;
  const { rows } = await database.query<Progress & { direction: string; hash: string }>(
    `select direction, hash, steps, done, begun from online_migration.ordinary_migration where migration = $1`,
    [migration],
  );
  const [found] = rows;
  if (found === undefined) return null;
  if (found.direction === direction && found.hash === hashOf(statements)) {
    return { ...found, steps: withFills(found.steps, statements) };
  }
  throw new OnlineMigrationError(
    'MIGRATION_EDITED',
    `${migration} was interrupted on its way ${found.direction} after ${found.done} of ${found.steps.length} steps, and ` +
      (found.direction === direction
        ? 'its statements have changed since'
        : `cannot go ${direction} from there`) +
      `: run it ${found.direction} to its end with the statements that it began with. If you have brought the database to a known state ` +
      'by hand, delete its row of online_migration.ordinary_migration.',
    { migration, direction: found.direction, done: found.done, steps: found.steps.length },
  );
}

/** Records the plan of a migration that begins. */
export async function beginProgress(
  database: Queryable,
  { migration, direction }: Key,
  statements: readonly Part[],
  steps: readonly Step[],
): Promise<void> {
  const { rows } = await database.query<{
    exists: boolean;
    may_create: boolean;
    may_use: boolean;
    has_table: boolean;
    role: string;
    database: string;
  }>(
    `
    select exists (select from pg_catalog.pg_namespace where nspname = 'online_migration') as exists,
      has_database_privilege(current_database(), 'create') as may_create,
      (
        select bool_and(has_schema_privilege(n.oid, need)) from pg_catalog.pg_namespace n, unnest(array['usage', 'create']) as need
        where n.nspname = 'online_migration'
      ) and (${packageTableExists('ordinary_migration')} is false or ${MAY_USE_TABLE}) as may_use,
      ${packageTableExists('ordinary_migration')} as has_table,
      quote_ident(current_user) as role, quote_ident(current_database()) as database`,
  );
  const { exists, may_create: mayCreate, may_use: mayUse, has_table: hasTable, role } = rows[0]!;
  if (!exists && !mayCreate) {
    throw new OnlineMigrationError(
      'PROGRESS_NOT_KEPT',
      `${role} may not create the schema online_migration, in which the package keeps the progress of a migration of several steps: run ` +
        `\`create schema online_migration authorization ${role}\` once as an administrator, or ` +
        `\`grant create on database ${rows[0]!.database} to ${role}\`.`,
      { schema: 'online_migration', role },
    );
  }
  if (exists && !mayUse) {
    throw new OnlineMigrationError(
      'PROGRESS_NOT_KEPT',
      `${role} may not use the schema online_migration, in which the package keeps the progress of a migration of several steps: run ` +
        `\`grant usage, create on schema online_migration to ${role}${hasTable ? `; grant select, insert, update, delete on online_migration.ordinary_migration to ${role}` : ''}\` ` +
        `as its owner.`,
      { schema: 'online_migration', role },
    );
  }
  if (!exists) await database.query(`create schema if not exists online_migration`);
  if (!hasTable) await database.query(TABLE);
  await database.query(
    `insert into online_migration.ordinary_migration (migration, direction, hash, steps) values ($1, $2, $3, $4)`,
    [migration, direction, hashOf(statements), JSON.stringify(steps)],
  );
}

/** Records that steps have begun or are done, in the transaction of the step if it has one. */
export async function recordProgress(
  database: Queryable,
  migration: string,
  { done, begun }: Pick<Progress, 'done' | 'begun'>,
): Promise<void> {
  await database.query(
    `update online_migration.ordinary_migration set done = $2, begun = $3 where migration = $1`,
    [migration, done, begun],
  );
}

/**
 * Forgets migrations that were interrupted, with their fills: somebody has brought the database to another state.
 * @param migration its name; all of them by default
 */
export async function forgetProgress(database: Queryable, migration?: string): Promise<void> {
  for (const fill of await readFillNames(database)) {
    if (migration === undefined || fill === migration) await deleteBackfill(database, fill);
  }
  const { rows } = await database.query<{ exists: boolean }>(
    `select ${packageTableExists('ordinary_migration')} as exists`,
  );
  if (!rows[0]?.exists) return;
  await database.query(
    `delete from online_migration.ordinary_migration where migration = coalesce($1::text, migration)`,
    [migration ?? null],
  );
  await dropUnused(database);
}

/** Forgets a migration that has ended; in the transaction that records it in the ledger. The table goes with its last row. */
export async function endProgress(database: Queryable, migration: string): Promise<void> {
  await database.query(`delete from online_migration.ordinary_migration where migration = $1`, [migration]);
  await dropUnused(database);
}

async function dropUnused(database: Queryable): Promise<void> {
  const { rows } = await database.query<{ goes: boolean }>(`
    select not exists (select from online_migration.ordinary_migration) and pg_has_role(c.relowner, 'usage') as goes
    from pg_catalog.pg_class c where c.oid = 'online_migration.ordinary_migration'::regclass`);
  if (!rows[0]?.goes) return;
  await database.query(`drop table online_migration.ordinary_migration`);
  await dropEmptySchema(database);
}

/** A fill may be edited until it is done: the rows that it has filled stay filled. Its table and its place stay the same. */
function hashOf(statements: readonly Part[]): string {
  const lasting = statements.map((part) =>
    typeof part === 'string' ? part : { fill: [part.schema ?? null, part.table] },
  );
  return createHash('sha256').update(JSON.stringify(lasting)).digest('hex');
}

/** The steps with the fills as they are written now. */
function withFills(steps: readonly Step[], statements: readonly Part[]): Step[] {
  const fills = statements.filter((part): part is TableFill => typeof part !== 'string').values();
  return steps.map((step) => {
    if (step.kind !== 'fill') return step;
    const fill = fills.next().value ?? step.fill;
    return { ...step, fill, statements: [statementOf(fill)] };
  });
}
