import type { AbstractSqlDriver } from '@mikro-orm/postgresql';
import type { Migration } from '@mikro-orm/migrations';
import { firstLine } from '../sql/statements.ts';
import { carryOut } from '../ordinary/carry-out.ts';
import { type MigrationPlan, planMigration, refuseRefused } from '../ordinary/plan-migration.ts';
import type { Step } from '../ordinary/planning/step.ts';
import type { Session } from '../postgres/session.ts';
import { TEXT_SETTINGS } from '../postgres/session-settings.ts';
import type { PrepareConnection, RunnerResources } from './runner-resources.ts';

/** The migration has used the driver while it ran: `execute`, or an EntityManager. */
class DriverUsed extends Error {}

/** Members of the driver that send nothing. */
const SENDS_NOTHING = new Set<string | symbol>(['config', 'getPlatform', 'getMetadata', 'getSchemaName']);

/** A migration class with `static ordinary = 'as written'` runs as MikroORM would run it. */
export function isAsWritten(migration: Migration): boolean {
  return (migration.constructor as { ordinary?: unknown }).ordinary === 'as written';
}

/**
 * Reads the statements of an ordinary migration without sending them.
 * @returns null if it sends statements itself, while it runs
 */
export async function collectStatements(
  migration: Migration,
  method: 'up' | 'down',
): Promise<string[] | null> {
  const holder = migration as unknown as { driver: AbstractSqlDriver };
  const { driver } = holder;
  let isUsed = false;
  const refusing = new Proxy(driver, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (SENDS_NOTHING.has(name)) return typeof value === 'function' ? value.bind(target) : value;
      // The migration may catch the error.
      isUsed = true;
      throw new DriverUsed();
    },
  });
  migration.reset();
  holder.driver = refusing;
  try {
    await migration[method]();
    if (isUsed) return null;
    return migration.getQueries().flatMap((query) => {
      const sql = textOf(query, driver);
      return sql.trim() === '' ? [] : [sql];
    });
  } catch (error) {
    if (isUsed) return null;
    throw error;
  } finally {
    holder.driver = driver;
  }
}

/** A query as MikroORM would send it. */
function textOf(query: ReturnType<Migration['getQueries']>[number], driver: AbstractSqlDriver): string {
  if (typeof query === 'string') return query;
  const { sql, params } = 'compile' in query ? query.compile() : query;
  return driver.getPlatform().formatQuery(sql, params);
}

/**
 * Opens a session that writes texts and times, and sees rows, as the role is set to: a statement means the same as in another session.
 * @param prepare sets more for all sessions of the project
 */
export async function withOwnSettings(
  openSession: RunnerResources['openSession'],
  prepare: PrepareConnection | undefined,
): Promise<Session> {
  const session = await openSession();
  const resets = [...Object.keys(TEXT_SETTINGS), 'row_security'].map((setting) => `reset ${setting}`);
  try {
    await session.script(resets.join('; '));
    if (prepare === undefined) return session;
    // The parts of a connection of Kysely that the hook of MikroORM uses.
    await prepare({
      executeQuery: async ({ sql, parameters }: { sql: string; parameters: readonly unknown[] }) =>
        session.query(sql, [...parameters]),
    });
    // The steps have timeouts of their own.
    await session.script(`set lock_timeout = 0; set idle_in_transaction_session_timeout = 0`);
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Carries out an ordinary migration safely, on a session with the role's own settings of texts and time zone.
 * @param recordInLedger writes the ledger in the transaction of the session
 * @throws OnlineMigrationError if a statement must not run; then nothing of it has run
 */
export async function runSafely(
  migration: Migration,
  direction: 'up' | 'down',
  statements: readonly string[],
  resources: RunnerResources,
  recordInLedger: (session: Session) => Promise<void>,
): Promise<void> {
  const { openSession, prepare, settings, emit, signal } = resources;
  const name = migration.constructor.name;
  await using session = await withOwnSettings(openSession, prepare);
  await session.setApplicationName(`online-migration ${name} ${direction}`);
  const plan = async (): Promise<readonly Step[]> => {
    const made = await planMigration(session, statements);
    refuseRefused(made, name);
    const { steps } = made;
    emit({
      type: 'migration-planned',
      migration: name,
      direction,
      steps: steps.map(({ statements: sql, lock }) => ({ statements: sql, lock })),
      message: `${name}: ${summaryOf(made)}`,
    });
    return steps;
  };
  await carryOut({
    migration: name,
    direction,
    statements,
    plan,
    session,
    settings,
    emit,
    signal,
    recordInLedger: () => recordInLedger(session),
  });
}

function summaryOf({ statements, steps }: MigrationPlan): string {
  const unchecked = statements.flatMap(({ statement, verdict }) =>
    verdict.kind === 'steps' && verdict.isUnchecked
      ? [`\`${firstLine(statement.text)}\` (${verdict.reason})`]
      : [],
  );
  const count = steps.length === 1 ? '1 step' : `${steps.length} steps`;
  if (unchecked.length === 0) return `${count}, none reads a table in use under SHARE or a stronger lock`;
  return `${count}; as written and alone: ${unchecked.join(', ')}`;
}
