import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect } from '@jest/globals';
import type { OnlineMigrationEvent } from '../../../../src/online-migration/index.ts';
import { OnlineMigration } from '../../../../src/online-migration/mikro-orm/index.ts';
import {
  type MigrationPlan,
  planMigration,
} from '../../../../src/online-migration/ordinary/plan-migration.ts';
import { varcharToText } from '../../../../src/online-migration/conversions/texts/varchar-to-text.ts';
import { expand } from '../../../../src/online-migration/phases/expand.ts';
import { Session } from '../../../../src/online-migration/postgres/session.ts';
import { changeOf } from '../../../support/change-of.ts';
import { openContext } from '../../../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../../../support/database-client.ts';
import { openOrdinaryProject } from '../../../support/ordinary-project.ts';
import { endWatch, watchLocks } from '../edits/locked-reads.ts';
import type { SizeCase } from './case.ts';
import { LOADED } from './requests.ts';
import { startTraffic, type TrafficReport } from './traffic.ts';

/** Longest wait of a request for a table: the lock timeout of a step, and the time for which a step may hold its lock. */
const LONGEST_WAIT_MS = 100 + 50;

/** The figures of a migration, also of one that has broken a promise. */
export interface SizeResult {
  readonly subject: SizeCase;
  readonly plan: MigrationPlan;
  readonly events: readonly OnlineMigrationEvent[];
  readonly traffic: TrafficReport;
}

/** More rows than the traffic of one case inserts. */
const NUMBERS_A_CASE = 1_000_000;

/** The conditions of a run. */
export interface CaseRun {
  /** Of a copy of the tables. */
  readonly url: string;
  /** Of each large table. */
  readonly rows: number;
  /** Of the case. */
  readonly number: number;
  /** Receives the figures before they are judged. */
  readonly report: (result: SizeResult) => void;
}

/**
 * Runs a migration beside traffic.
 *
 * 1. No request fails. None waits longer for a table than the lock timeout and a margin, or for a row than the longest batch of a fill. If
 *    the machine serves even a session late that waits for nobody, the margin is longer by that.
 * 2. No table is read, written anew or indexed under SHARE or a stronger lock.
 * 3. Nothing is left half done. Of a refused migration, nothing has run.
 */
export async function expectCase(subject: SizeCase, run: CaseRun): Promise<void> {
  const { url, rows, number } = run;
  const name = String(number).padStart(4, '0');
  await using client = await connect(url);
  for (const statement of subject.prepare ?? []) await client.rows(statement);
  if (subject.isUnderChange) await beginChange(url);
  const plan = await planOf(url, subject);
  expect(plan.statements.map(({ rule }) => rule)).toContain(subject.rule);
  const events: OnlineMigrationEvent[] = [];
  await using project = await openOrdinaryProject({ url }, { [name]: migrationOf(subject) }, { events });
  // It makes the ledger.
  await project.orm.migrator.getExecuted();
  const before = await catalogVersions(client);
  await watchLocks(client);
  const unused = subject.unused ?? [];
  const tables = LOADED[subject.theme].filter((table) => !unused.includes(table));
  await using traffic = await startTraffic({ url, tables, rows, firstNumber: number * NUMBERS_A_CASE });
  using delay = watchDelay();
  const error: unknown = await project.orm.migrator.up().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const report = await traffic.stop();
  const read = await endWatch(client);
  run.report({ subject, plan, events, traffic: report });
  const expected = subject.refused ?? subject.rowsInTheWay;
  if (expected === undefined) expect(error).toBeUndefined();
  else expect((error as Error | undefined)?.message).toMatch(expected);
  expect(report.failures).toEqual([]);
  expect(read).toEqual([]);
  const lateMs = Math.max(report.longestGapMs, delay.longestMs());
  const longestMs = (kind: string) =>
    lateMs + (kind === 'relation' ? LONGEST_WAIT_MS : Math.max(LONGEST_WAIT_MS, longestBatchMs(events)));
  expect(report.waits.filter(({ ms, kind }) => ms > longestMs(kind))).toEqual([]);
  if (subject.refused !== undefined) {
    expect(events.filter(({ type }) => type === 'migration-step')).toEqual([]);
    expect(await catalogVersions(client)).toEqual(before);
  } else if (subject.rowsInTheWay === undefined) {
    expect(await halfDone(client)).toEqual([]);
    expect(await project.applied()).toEqual([name]);
  }
}

/** The rows of a batch are locked as long. */
function longestBatchMs(events: readonly OnlineMigrationEvent[]): number {
  return Math.max(
    0,
    ...events.map((event) => (event.type === 'backfill-finished' ? (event.batches?.longestMs ?? 0) : 0)),
  );
}

function migrationOf({ statements }: SizeCase): new (...given: never[]) => OnlineMigration {
  return class AtSize extends OnlineMigration {
    override async up(): Promise<void> {
      for (const statement of statements) {
        if (typeof statement === 'string') this.addSql(statement);
        else await this.fill(statement);
      }
    }
  };
}

async function planOf(url: string, { statements }: SizeCase): Promise<MigrationPlan> {
  await using session = await Session.open({ connectionString: url }, 'plan');
  return await planMigration(session, statements);
}

/** Begins to change the type of `orders.label`. */
async function beginChange(url: string): Promise<void> {
  const change = changeOf('orders.label', {
    from: 'varchar(50)',
    to: 'text',
    conversion: varcharToText(50),
    nullable: true,
  });
  await using context = await openContext(url, change);
  await expand(context);
}

/** How late this thread, which sends the steps, was served. */
function watchDelay(): Disposable & { readonly longestMs: () => number } {
  const histogram = monitorEventLoopDelay({ resolution: 5 });
  histogram.enable();
  return {
    longestMs: () => histogram.max / 1e6,
    [Symbol.dispose]: () => {
      histogram.disable();
    },
  };
}

/** The rows of the catalog that describe tables, and the transaction that wrote each. */
async function catalogVersions(client: DatabaseClient): Promise<unknown[]> {
  const catalogs = ['class', 'attribute', 'constraint', 'index', 'type', 'enum', 'trigger', 'proc'];
  const queries = catalogs.map(
    (name) =>
      `select '${name}' as catalog, ctid::text, xmin::text from pg_${name} where xmin::text::bigint > 3`,
  );
  return client.rows(`${queries.join(' union all ')} order by 1, 2`);
}

/** Indexes and constraints that do not hold for all rows, and objects of the package that are left. */
async function halfDone(client: DatabaseClient): Promise<unknown[]> {
  return client.rows(`
    select indexrelid::regclass::text as name from pg_index where not indisvalid
    union all select conname from pg_constraint where conrelid <> 0 and not convalidated
    union all select conname from pg_constraint where conname ~ 'online'
    union all select nspname from pg_namespace where nspname ~ 'online_migration'`);
}
