import { seedLargeRecords } from '../../large-record/seeding.ts';
import { alterType } from '../harness/alter-type.ts';
import { connect } from '../harness/connection.ts';
import { migrateUpTo } from '../harness/migration-command.ts';
import { startServer } from '../harness/server.ts';
import type { Step } from '../harness/steps.ts';
import type { Timeline } from '../harness/timeline.ts';
import { observeWork, type WorkObserver } from '../harness/work.ts';
import { type Circumstances, readCircumstances } from './circumstances.ts';
import { underExclusiveLock } from './exclusive-lock.ts';
import { RECIPE_SETTINGS, recipeSteps } from './published-recipe.ts';
import { safeSteps } from './safe-way.ts';
import { runWay, type WayResult } from './way.ts';

/** The result: the same table changed in three ways, under the same load. */
export interface DemoResult {
  readonly circumstances: Circumstances;
  /** The migrations of this project. */
  readonly safe: WayResult;
  /** The recipe of common guides. */
  readonly recipe: WayResult;
  /** One ALTER TABLE. */
  readonly direct: WayResult;
}

/**
 * The demo, on a separate server:
 *
 * 1. Start a throwaway PostgreSQL, run 0001, seed, and copy the database for the two other ways.
 * 2. The safe way: run 0002 to 0006. Then run the published recipe and the direct ALTER TABLE, each on its copy. Each
 *    way has an API process and a load. In the end, its rows are compared with the acknowledged writes.
 *
 * @param options.rows number of rows in the table
 * @param options.seed of the load's random choices
 * @param signal stops it early; everything it started has ended when this function returns
 * @throws Error with the migration's output if a migration fails
 */
export async function runDemo(
  options: { readonly rows: number; readonly seed: number },
  signal: AbortSignal,
  observer: WorkObserver,
): Promise<DemoResult> {
  const { rows } = options;
  const timed = <T>(what: string, work: (report: (percent: number) => void) => Promise<T>) =>
    observeWork(observer, signal, what, work);

  await using server = await timed('start PostgreSQL', () => startServer(signal));
  await using admin = await connect(server.url());
  const [safeUrl, recipeUrl, directUrl] = [server.url('safe'), server.url('recipe'), server.url('direct')];

  await admin.query('create database safe');
  await timed('0001 create', () => migrateUpTo(safeUrl, '0001', signal));
  await timed(`seed ${rows.toLocaleString('en-US')} rows`, (report) =>
    seedLargeRecords(safeUrl, {
      rows,
      append: false,
      signal,
      report: (rowsDone) => report((100 * rowsDone) / rows),
    }),
  );
  await timed('copy for other ways', async () => {
    await admin.query('create database recipe template safe');
    await admin.query('create database direct template safe');
  });

  const safe = await runWay(
    {
      heading: 'The safe way: one migration after the other',
      databaseUrl: safeUrl,
      steps: (timeline) => safeSteps(safeUrl, timeline, signal),
      finalColumn: 'created_at',
    },
    options,
    signal,
    observer,
  );
  const recipe = await runWay(
    {
      heading: 'The published recipe: nullable column, batches, NOT NULL, and no trigger',
      databaseUrl: recipeUrl,
      steps: (timeline) => recipeSteps(recipeUrl, timeline, signal),
      apiSettings: RECIPE_SETTINGS,
      finalColumn: 'created_at_new',
    },
    options,
    signal,
    observer,
  );
  const direct = await runWay(
    {
      heading: 'The direct way: ALTER TABLE … ALTER COLUMN … TYPE timestamptz USING …',
      databaseUrl: directUrl,
      steps: (timeline) => [directStep(directUrl, timeline)],
      finalColumn: 'created_at',
    },
    options,
    signal,
    observer,
  );
  return { circumstances: await readCircumstances(admin), safe, recipe, direct };
}

function directStep(url: string, timeline: Timeline): Step {
  return {
    name: 'one ALTER TABLE',
    run: async () => {
      await using connection = await connect(url);
      await underExclusiveLock(connection, timeline, 'alter type', () => alterType(connection));
    },
  };
}
