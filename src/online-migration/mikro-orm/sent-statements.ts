import { lockBesideTraffic } from '../postgres/autovacuum-patience.ts';
import type { AbstractSqlConnection } from '@mikro-orm/postgresql';
import type { Node } from 'libpg-query';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { MigrationPlanner, type PlannedStatement, runsAsItIs } from '../ordinary/plan-migration.ts';
import { awaitOlderProcesses } from '../ordinary/older-processes.ts';
import { isOutsideOnly } from '../ordinary/planning/outside-step.ts';
import { removesFrom } from '../ordinary/planning/removals.ts';
import { untilLocked } from '../postgres/lock-retries.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Session } from '../postgres/session.ts';
import { loadSqlParser, type SqlParser } from '../sql/sql-parser.ts';
import { firstLine, isRead, readStatements } from '../sql/statements.ts';
import { behindSavepoint, inTurn } from './in-turn.ts';
import type { RunnerResources } from './runner-resources.ts';
import type { Receiver, SqlTransaction } from './watched-statements.ts';

/** How long a statement that no rule knows may last. */
const STATEMENT_TIMEOUT_MS = 10_000;

/** One run of a migration that sends statements itself. */
export interface SendingRun extends Pick<RunnerResources, 'settings' | 'emit' | 'signal'> {
  readonly migration: string;
  readonly connection: AbstractSqlConnection;
  /** Another session: it plans a statement that has no transaction, and finds who blocks one. */
  readonly session: Session;
}

/**
 * Receives the statements of a migration that sends them itself, by `execute` or an EntityManager. They run in the migration's own
 * transaction, so no other steps can take their place.
 *
 * 1. The rules look at a statement before it is sent. One that needs other steps, or must not run, ends the migration; in a transaction,
 *    what it sent before is rolled back.
 * 2. The others have a lock timeout. If a lock is not granted, the statement is tried again after a pause, as long as the transaction has
 *    not locked a table, or rows that it changes: their users would wait for that long.
 */
export class SentStatements {
  readonly #run: SendingRun;
  readonly #planner = new MigrationPlanner();
  readonly #inTurn = inTurn();
  readonly #sent: string[] = [];
  #hasLocked = false;
  #refusal: OnlineMigrationError | undefined;
  #lastError: OnlineMigrationError | undefined;

  constructor(run: SendingRun) {
    this.#run = run;
  }

  /** A migration may catch the error of a refused statement. It ends all the same. */
  throwIfRefused(): void {
    if (this.#refusal !== undefined) throw this.#refusal;
  }

  /** The error of the package that MikroORM has wrapped; any other error unchanged. */
  unwrapped(error: unknown): unknown {
    if (this.#refusal !== undefined) return this.#refusal;
    return error instanceof Error && error.message === this.#lastError?.message ? this.#lastError : error;
  }

  readonly receive: Receiver = async (sql, transaction, send) => {
    try {
      return await this.#inTurn(() => this.#receive(sql, transaction, send));
    } catch (error) {
      if (error instanceof OnlineMigrationError) this.#lastError = error;
      throw error;
    }
  };

  readonly #receive: Receiver = async (sql, transaction, send) => {
    this.throwIfRefused();
    this.#run.signal.throwIfAborted();
    const database = transaction === undefined ? this.#run.session : onTransaction(transaction);
    if (isReadOnly(await loadSqlParser(), sql)) return send(transaction);
    const { planned, haveRun } = await this.#planner.planNext(database, sql);
    this.#refuse(planned, transaction !== undefined);
    await this.#awaitOlderProcesses(planned);
    const result = await (transaction === undefined
      ? this.#sendAlone(planned, send)
      : this.#sendIn(transaction, planned, () => send(transaction)));
    await haveRun();
    this.#sent.push(firstLine(sql));
    return result;
  };

  #refuse(planned: readonly PlannedStatement[], isInTransaction: boolean): void {
    const refused = planned.flatMap((each) => {
      const { statement, verdict } = each;
      if (verdict.kind === 'as-written' || runsAsItIs(each)) return [];
      if (!isInTransaction && isOutsideOnly(statement.tree)) return [];
      const instead =
        verdict.kind === 'refused'
          ? verdict.instead
          : 'add it with `addSql` in a migration that sends nothing but queries itself: other steps then take its place';
      return [{ statement: statement.text, reason: verdict.reason, instead }];
    });
    if (refused.length === 0) return;
    const { migration } = this.#run;
    const sentences = refused.map(
      ({ statement, reason, instead }) => `\`${firstLine(statement)}\`: ${reason}. Instead: ${instead}.`,
    );
    this.#refusal = new OnlineMigrationError(
      'MIGRATION_UNSAFE',
      `${migration} was ended before it sent a statement that would harm a table in use:\n${sentences.join('\n')}\n` +
        this.#before(isInTransaction) +
        'To run a statement as it is, write the comment `-- online: accepted <reason>` above it.',
      { migration, statements: refused, sent: this.#sent },
    );
    throw this.#refusal;
  }

  async #awaitOlderProcesses(planned: readonly PlannedStatement[]): Promise<void> {
    for (const { statement, verdict } of planned) {
      const isOfOthers = verdict.kind === 'as-written' && verdict.relations.length > 0;
      await awaitOlderProcesses(
        {
          ...(statement.after !== undefined && { after: statement.after }),
          ...(isOfOthers && { removesFrom: removesFrom(statement.tree) }),
        },
        { ...this.#run, waitMs: this.#run.settings.switchoverWaitMs },
      );
    }
  }

  #before(isInTransaction: boolean): string {
    if (this.#sent.length === 0) return 'It had sent nothing before.\n';
    const sent = this.#sent.map((statement) => `\`${statement}\``).join(', ');
    return isInTransaction
      ? `What it had sent before was rolled back: ${sent}.\n`
      : `It has no transaction, so what it had sent before stays: ${sent}.\n`;
  }

  async #sendIn<T>(
    transaction: SqlTransaction,
    planned: readonly PlannedStatement[],
    send: () => Promise<T>,
  ): Promise<T> {
    const { settings, session, migration } = this.#run;
    const database = onTransaction(transaction);
    const relations = relationsOf(planned);
    const isUnknown = planned.some(
      ({ statement, verdict }) =>
        verdict.kind === 'steps' && verdict.isUnchecked && statement.accepted === undefined,
    );
    const before = await timeouts(database);
    const during = {
      lock: `${Math.ceil(settings.lockTimeoutMs)}`,
      statement: isUnknown ? `${STATEMENT_TIMEOUT_MS}` : before.statement,
    };
    await setTimeouts(database, during);
    const purpose = `${migration}: ${planned.map(({ statement }) => firstLine(statement.text)).join('; ')}`;
    const lockBudgetMs = this.#hasLocked ? 0 : settings.lockBudgetMs;
    const result = await untilLocked(
      session,
      { ...this.#run, purpose, settings: { ...settings, lockBudgetMs } },
      async (leftMs, waitsFor, number) => {
        waitsFor({ relations, mode: 'access exclusive', timeoutMs: settings.lockTimeoutMs });
        return behindSavepoint(database, async () => {
          if (number > 1) {
            await lockBesideTraffic(database, relations, leftMs);
            await setTimeouts(database, during);
          }
          return send();
        });
      },
    );
    await setTimeouts(database, before);
    this.#hasLocked ||= relations.length > 0 || planned.some(({ statement }) => changesRows(statement.tree));
    return result;
  }

  /** A statement of a migration without a transaction gets its own, if PostgreSQL accepts it in one. */
  #sendAlone<T>(
    planned: readonly PlannedStatement[],
    send: (transaction: SqlTransaction | undefined) => Promise<T>,
  ): Promise<T> {
    if (planned.some(({ statement }) => isOutsideOnly(statement.tree))) return send(undefined);
    this.#hasLocked = false;
    return this.#run.connection.transactional((transaction: SqlTransaction) =>
      this.#sendIn(transaction, planned, () => send(transaction)),
    );
  }
}

function isReadOnly(parser: SqlParser, sql: string): boolean {
  return readStatements(parser, sql).every(isRead);
}

/** Somebody may wait for the rows. Nobody waits for new ones. */
function changesRows(tree: Node): boolean {
  return 'UpdateStmt' in tree || 'DeleteStmt' in tree || 'MergeStmt' in tree;
}

function relationsOf(planned: readonly PlannedStatement[]): string[] {
  return planned.flatMap(({ verdict }) => {
    if (verdict.kind === 'refused') return [];
    return verdict.kind === 'as-written'
      ? [...verdict.relations]
      : verdict.steps.flatMap(({ relations }) => [...relations]);
  });
}

interface Timeouts {
  readonly lock: string;
  readonly statement: string;
}

async function timeouts(database: Queryable): Promise<Timeouts> {
  const { rows } = await database.query<Timeouts>(
    `select current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement`,
  );
  return rows[0]!;
}

/** For the rest of the transaction. */
async function setTimeouts(database: Queryable, { lock, statement }: Timeouts): Promise<void> {
  await database.query(
    `select set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)`,
    [lock, statement],
  );
}

/** Queries in the transaction of MikroORM. */
export function onTransaction(transaction: SqlTransaction): Queryable {
  return {
    query: async <Row>(sql: string, parameters: unknown[] = []) => {
      const { rows, numAffectedRows } = await transaction.executeQuery({
        sql,
        parameters,
        query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
        queryId: { queryId: 'online-migration' },
      } as never);
      return {
        rows: rows as Row[],
        rowCount: numAffectedRows === undefined ? null : Number(numAffectedRows),
      };
    },
  };
}
