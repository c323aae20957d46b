import type { AbstractSqlDriver } from '@mikro-orm/postgresql';
import type { Migration } from '@mikro-orm/migrations';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import { loadSqlParser } from '../sql/sql-parser.ts';
import { firstLine, isRead, readStatements } from '../sql/statements.ts';
import { carryOut } from '../ordinary/carry-out.ts';
import {
  type MigrationPlan,
  planMigration,
  refuseRefused,
  withoutOtherSteps,
} from '../ordinary/plan-migration.ts';
import type { Part } from '../ordinary/parts.ts';
import type { Step } from '../ordinary/planning/step.ts';
import type { Session } from '../postgres/session.ts';
import { behindSavepoint, inTurn } from './in-turn.ts';
import { CollectedFill, OnlineMigration } from './online-migration.ts';
import { withOwnSettings } from './own-settings.ts';
import type { RunnerResources } from './runner-resources.ts';
import { type SendingRun, onTransaction, SentStatements } from './sent-statements.ts';
import { type Receiver, textOf, watchingStatements } from './watched-statements.ts';

/** The migration sends a statement that does not only read. */
class StatementSent extends Error {}

/** A migration class with `static ordinary = 'as written'` runs as MikroORM would run it. */
export function isAsWritten(migration: Migration): boolean {
  return (migration.constructor as { ordinary?: unknown }).ordinary === 'as written';
}

/**
 * Reads the statements and the fills of an ordinary migration without sending them. It may read from the database meanwhile, in a transaction that
 * cannot write.
 * @returns null if it sends other statements itself, while it runs
 */
export async function collectStatements(migration: Migration, method: 'up' | 'down'): Promise<Part[] | null> {
  const parser = await loadSqlParser();
  const collected = freshCopy(migration);
  const driver = driverOf(migration);
  const [connection, platform] = [driver.getConnection(), driver.getPlatform()];
  let sends = false;
  try {
    return await connection.transactional(
      async (transaction) => {
        const turn = inTurn();
        const receive: Receiver = async (sql, into, send) => {
          sends ||= !readStatements(parser, sql).every(isRead);
          // The migration may catch the error.
          if (sends) throw new StatementSent();
          const target = into ?? transaction;
          try {
            return await turn(() => behindSavepoint(onTransaction(target), () => send(target)));
          } catch (error) {
            sends ||= sqlState(error) === SQLSTATE.readOnlyTransaction;
            throw error;
          }
        };
        collected.setTransactionContext(transaction);
        const collect = async () => collected[method]();
        await watchingStatements(
          connection,
          platform,
          receive,
          () => (collected instanceof OnlineMigration ? collected.collectFills(collect) : collect()),
          transaction,
        );
        if (sends) throw new StatementSent();
        return (collected.getQueries() as (Query | CollectedFill)[]).flatMap<Part>((query) => {
          if (query instanceof CollectedFill) return [query.fill];
          const sql = textOf(query, [], platform);
          return sql.trim() === '' ? [] : [sql];
        });
      },
      { readOnly: true },
    );
  } catch (error) {
    if (sends) return null;
    throw error;
  }
}

type Query = ReturnType<Migration['getQueries']>[number];

/** An EntityManager of a migration keeps its first transaction, so each run has a migration of its own. */
export function freshCopy(migration: Migration): Migration {
  const { constructor, config, name } = migration as Migration & { readonly config: unknown };
  const copy = Reflect.construct(constructor as never, [driverOf(migration), config]) as Migration;
  if (name !== undefined) copy.name ??= name;
  return copy;
}

function driverOf(migration: Migration): AbstractSqlDriver {
  return (migration as unknown as { readonly driver: AbstractSqlDriver }).driver;
}

/**
 * Carries out an ordinary migration safely, on a session with the role's own settings of texts and time zone.
 * @param recordInLedger writes the ledger in the transaction of the session
 * @throws OnlineMigrationError if a statement must not run; then nothing of it has run
 */
export async function runSafely(
  migration: Migration,
  direction: 'up' | 'down',
  statements: readonly Part[],
  resources: RunnerResources,
  recordInLedger: (session: Session) => Promise<void>,
): Promise<void> {
  const { openSession, prepare, settings, emit, signal } = resources;
  const name = resources.nameOf(migration);
  await using session = await withOwnSettings(openSession, prepare);
  await session.setApplicationName(`online-migration ${name} ${direction}`);
  const plan = async (): Promise<readonly Step[]> => {
    const planned = await planMigration(session, statements);
    const made = resources.ordinary === 'check' ? withoutOtherSteps(planned) : planned;
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
    openSession: () => withOwnSettings(openSession, prepare),
    settings,
    emit,
    signal,
    recordInLedger: () => recordInLedger(session),
  });
}

/**
 * Runs a migration that sends statements itself, as MikroORM runs it. Each statement is looked at before it is sent.
 * @param run runs the migration that it gets; calls the function behind its last statement
 * @throws OnlineMigrationError if a statement must not run
 */
export async function runWatched(
  migration: Migration,
  { openSession, prepare, settings, emit, signal, nameOf }: RunnerResources,
  run: (migration: Migration, whenSent: () => void) => Promise<void>,
): Promise<void> {
  const driver = driverOf(migration);
  const connection = driver.getConnection();
  await using session = await withOwnSettings(openSession, prepare);
  const inputs: SendingRun = {
    migration: nameOf(migration),
    connection,
    session,
    settings,
    emit,
    signal,
  };
  const sent = new SentStatements(inputs);
  try {
    await watchingStatements(connection, driver.getPlatform(), sent.receive, () =>
      run(freshCopy(migration), () => sent.throwIfRefused()),
    );
  } catch (error) {
    throw sent.unwrapped(error);
  }
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
