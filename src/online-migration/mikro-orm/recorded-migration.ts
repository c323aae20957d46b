import { type Configuration, MikroORM } from '@mikro-orm/postgresql';
import type { AbstractSqlDriver } from '@mikro-orm/postgresql';
import { Migration } from '@mikro-orm/migrations';
import type { ColumnChange } from '../change/column-change.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { ColumnMigration } from './column-migration.ts';
import { statementOf } from '../ordinary/fill/table-fill.ts';
import { CollectedFill, OnlineMigration } from './online-migration.ts';
import { isAsWritten } from './ordinary-migration.ts';
import { textOf } from './watched-statements.ts';

/** The way in which a migration of MikroORM runs. */
export type RunsAs = 'steps' | 'phase' | 'as written';

/** A migration of MikroORM, as it was recorded. */
export interface RecordedMigration {
  readonly runsAs: RunsAs;
  /** Whether it sends statements itself, which get no rows as an answer. */
  readonly sends: boolean;
  /** The change, if it is a phase of one. */
  readonly change?: ColumnChange;
}

/** Takes the statements that a migration adds or sends. */
export type RecordStatement = (sql: string) => void;

/** No server listens there. */
const NOWHERE = 'postgresql://127.0.0.1:1/recorded';

/** Whether a class is a migration of MikroORM. */
export function isMikroOrmMigration(
  found: unknown,
): found is new (driver: AbstractSqlDriver, config: Configuration) => Migration {
  return typeof found === 'function' && found.prototype instanceof Migration;
}

/**
 * Runs `up` of a migration with a driver that records statements in place of sending them. It needs neither a database nor the
 * project's configuration.
 *
 * @param record gets the statements in the order of `up`
 */
export async function recordMigration(
  MigrationClass: new (driver: AbstractSqlDriver, config: Configuration) => Migration,
  record: RecordStatement,
): Promise<RecordedMigration> {
  const orm = new MikroORM({
    clientUrl: NOWHERE,
    entities: [],
    discovery: { warnWhenNoEntities: false },
  });
  const driver = orm.em.getDriver() as unknown as AbstractSqlDriver;
  let sends = false;
  answerNothing(driver, (sql) => {
    sends = true;
    record(sql);
  });
  const migration = new MigrationClass(driver, orm.config);
  if (migration instanceof ColumnMigration)
    return { runsAs: 'phase', sends: false, change: migration.change };
  migration.addSql = (query: Query | CollectedFill) => {
    // Its rows are written in batches.
    if (query instanceof CollectedFill) record(`-- online: accepted fill\n${statementOf(query.fill)}`);
    else record(textOf(query, [], driver.getPlatform()));
  };
  const up = async () => migration.up();
  if (isAsWritten(migration)) {
    try {
      await up();
    } catch {
      // It is not checked. Later migrations know the tables of the statements before the error.
    }
    return { runsAs: 'as written', sends: false };
  }
  await (migration instanceof OnlineMigration ? migration.collectFills(up) : up());
  return { runsAs: 'steps', sends };
}

type Query = Parameters<Migration['addSql']>[0];
type Answer = 'all' | 'get' | 'run';

/** Has the driver record statements, and answer each as a table without rows would. */
function answerNothing(driver: AbstractSqlDriver, record: RecordStatement): void {
  const connection = driver.getConnection();
  Object.assign(connection, {
    execute: async (query: Parameters<typeof textOf>[0], params: unknown[] = [], method: Answer = 'all') => {
      record(textOf(query, params, driver.getPlatform()));
      if (method === 'run') return { affectedRows: 0, insertId: 0, rows: [] };
      return method === 'all' ? [] : undefined;
    },
    connect: async () => undefined,
    ensureConnection: async () => undefined,
    begin: async () => ({}),
    commit: async () => undefined,
    rollback: async () => undefined,
    transactional: async (body: (context: object) => Promise<unknown>) => body({}),
    getClient: refuseKysely,
    createKysely: refuseKysely,
  });
}

function refuseKysely(): never {
  throw new OnlineMigrationError(
    'MIGRATION_NOT_READ',
    'it builds a query with Kysely, and only statements of `addSql` and `execute` are recorded',
  );
}
