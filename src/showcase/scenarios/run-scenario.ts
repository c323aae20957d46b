import { setTimeout as delay } from 'node:timers/promises';
import { MikroORM } from '@mikro-orm/postgresql';
import type { OnlineMigrationEvent } from 'online-migration';
import { onlineMigrations, type OnlineMigrator } from 'online-migration/mikro-orm';
import { seedLargeRecords } from '../../large-record/seeding.ts';
import { type Circumstances, readCircumstances } from '../demo/circumstances.ts';
import { runWay, type WayResult } from '../demo/way.ts';
import { alterType } from '../harness/alter-type.ts';
import { connect } from '../harness/connection.ts';
import { migrateUpTo } from '../harness/migration-command.ts';
import { startServer } from '../harness/server.ts';
import type { Step } from '../harness/steps.ts';
import { observeWork, type WorkObserver } from '../harness/work.ts';
import type { Scenario } from './scenarios.ts';

/** How long the query of a scenario's reader lasts. */
const READER_SECONDS = 4;

/** The result: the same migration on the same table under the same load, in both ways. */
export interface ScenarioResult {
  readonly circumstances: Circumstances;
  /** By the migrator of this package. */
  readonly safe: WayResult;
  /** As it is written, in one transaction. */
  readonly asWritten: WayResult;
  /** The messages of the migrator, without those of locks that were requested again. */
  readonly messages: readonly string[];
  /** How often a lock was requested again. */
  readonly retries: number;
}

/**
 * Runs an ordinary migration under load, on a separate server:
 *
 * 1. Start a throwaway PostgreSQL, make and seed the table, and prepare it for the scenario. Copy the database.
 * 2. Run the migration by the migrator of this package, then as it is written on the copy. Each way has an API process and a load.
 *    In the end, its rows are compared with the acknowledged writes.
 *
 * @param options.rows number of rows in the table
 * @param options.seed of the load's random choices
 * @param signal stops it early; everything it started has ended when this function returns
 */
export async function runScenario(
  scenario: Scenario,
  options: { readonly rows: number; readonly seed: number },
  signal: AbortSignal,
  observer: WorkObserver,
): Promise<ScenarioResult> {
  const { rows } = options;
  await using server = await observeWork(observer, signal, 'start PostgreSQL', () => startServer(signal));
  await using admin = await connect(server.url());
  const [safeUrl, asWrittenUrl] = [server.url('safe'), server.url('as_written')];
  await admin.query('create database safe');
  await observeWork(observer, signal, 'make the table', () => migrateUpTo(safeUrl, '0001', signal));
  await observeWork(observer, signal, `seed ${rows.toLocaleString('en-US')} rows`, (report) =>
    seedLargeRecords(safeUrl, {
      rows,
      append: false,
      signal,
      report: (rowsDone) => report((100 * rowsDone) / rows),
    }),
  );
  await observeWork(observer, signal, 'prepare and copy', async () => {
    {
      await using connection = await connect(safeUrl);
      await alterType(connection);
      for (const statement of scenario.prepare) await connection.query(statement);
      await connection.query('vacuum analyze');
    }
    await admin.query('create database as_written template safe');
  });
  const messages: string[] = [];
  let retries = 0;
  const way = (heading: string, databaseUrl: string, run: () => Promise<void>) =>
    runWay(
      {
        heading: `${heading}: ${scenario.title}`,
        databaseUrl,
        steps: () => [stepOf(scenario, databaseUrl, run, signal)],
        finalColumn: 'created_at',
      },
      options,
      signal,
      observer,
    );
  const safe = await way('By safe steps', safeUrl, () =>
    migrate(safeUrl, scenario, signal, ({ type, message }) => {
      if (type === 'lock-retry') retries++;
      else if (message !== undefined) messages.push(message);
    }),
  );
  const asWritten = await way('As written', asWrittenUrl, () =>
    runAsWritten(asWrittenUrl, scenario.asWritten),
  );
  return { circumstances: await readCircumstances(admin), safe, asWritten, messages, retries };
}

/** The migration, if need be behind a long query. */
function stepOf(
  { hasReader = false }: Scenario,
  url: string,
  run: () => Promise<void>,
  signal: AbortSignal,
): Step {
  return {
    name: 'migration:up',
    run: async () => {
      if (!hasReader) return run();
      await using reader = await connect(url);
      const read = reader.query(
        `select count(*), pg_sleep(${READER_SECONDS}) from (select from large_record limit 1) as one`,
      );
      // Its lock is there before the migration begins.
      while (!(await isReading(url))) await delay(10, undefined, { signal });
      await Promise.all([read, run()]);
    },
  };
}

async function isReading(url: string): Promise<boolean> {
  await using connection = await connect(url);
  const { rows } = await connection.query<{ reads: boolean }>(`
    select exists (select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()) as reads`);
  return rows[0]!.reads;
}

async function migrate(
  url: string,
  { migrations }: Scenario,
  signal: AbortSignal,
  onEvent: (event: OnlineMigrationEvent) => void,
): Promise<void> {
  const orm = await MikroORM.init({
    clientUrl: url,
    entities: [],
    discovery: { warnWhenNoEntities: false },
    logger: () => undefined,
    ...onlineMigrations({
      migrations: {
        tableName: 'scenario_migrations',
        migrationsList: migrations.map((migration, index) => ({
          name: `${String(index + 1).padStart(4, '0')}_scenario`,
          class: migration as never,
        })),
      },
      onEvent,
    }),
  });
  try {
    const migrator = orm.migrator as OnlineMigrator;
    migrator.interruptAt(signal);
    await migrator.up();
  } finally {
    await orm.close();
  }
}

async function runAsWritten(url: string, statements: readonly string[]): Promise<void> {
  await using connection = await connect(url);
  await connection.query('begin');
  for (const statement of statements) await connection.query(statement);
  await connection.query('commit');
}
