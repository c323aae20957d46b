import type { PostgreSqlConnection } from '@mikro-orm/postgresql';
import type { PoolClient } from 'pg';
import type { ChangedColumn } from '../../change/changed-column.ts';
import { namesOf } from '../../change/names.ts';
import { columnReferences } from './column-references.ts';
import { readKnownTables, type TableNames } from './known-tables.ts';
import { keepCaller, sendingLine } from './sending-line.ts';
import { loadSqlParser, type SqlParser } from '../../sql/sql-parser.ts';
import type { ColumnReference } from './visible-columns.ts';

/** A statement that names a column of a change, although the other one is active. */
export interface UnfollowedStatement {
  /** The name of the change. */
  readonly change: string;
  /** Schema and name of its table. */
  readonly table: string;
  /** The column that the statement names. */
  readonly column: string;
  /** The column that is active. */
  readonly activeColumn: string;
  /** The statement, with parameters in place of its values. */
  readonly statement: string;
  /** The line of the application that sent it, as the stack has it; null if the stack does not reach the application. */
  readonly sentFrom: string | null;
}

/** The inputs of {@link watchStatements}. */
export interface WatchOptions extends TableNames {
  /** Send the statements: the primary's, then those of replicas. */
  readonly connections: readonly PostgreSqlConnection[];
  /** The name that a changed column has now, for the statement that is being sent. */
  readonly activeColumn: (column: ChangedColumn) => string;
  /** Receives each statement once for each column that is not active. If it throws, the statement is not sent and fails with this error. */
  readonly report: (found: UnfollowedStatement) => void;
}

/**
 * Looks at each statement that the sessions of a connection send, by whichever way, and reports those that name a column that is
 * not active. MikroORM names only active columns, so the statement bypasses it.
 * @throws OnlineMigrationError if the parser is not installed
 */
export async function watchStatements({ connections, ...options }: WatchOptions): Promise<void> {
  const parser = await loadSqlParser();
  const pools = await Promise.all(connections.map((connection) => connection.getNativeClient()));
  const findTable = await readKnownTables(pools[0]!, options);
  const watch = new StatementWatch(options, parser, findTable);
  for (const connection of connections) replace(connection, 'execute', keepCaller);
  const watched = new WeakSet<PoolClient>();
  for (const pool of pools) {
    pool.on('acquire', (client) => {
      if (watched.has(client)) return;
      watched.add(client);
      replace(client, 'query', (send, sent) => {
        watch.check(textOf(sent));
        return send();
      });
    });
  }
}

/** Has something else call a method of an object. */
function replace<Name extends string>(
  object: Record<Name, (...given: never[]) => unknown>,
  name: Name,
  call: (method: () => unknown, first: unknown) => unknown,
): void {
  const method = object[name].bind(object) as (...given: unknown[]) => unknown;
  const replaced = (...given: unknown[]) => call(() => method(...given), given[0]);
  Object.assign(object, { [name]: replaced });
}

interface ParsedStatement {
  readonly references: readonly ColumnReference[];
  /** Equal for statements that differ only in constants. */
  readonly fingerprint: string;
  /** With parameters in place of constants. */
  readonly statement: string;
}

class StatementWatch {
  readonly #options: Omit<WatchOptions, 'connections'>;
  readonly #parser: SqlParser;
  readonly #findTable: Awaited<ReturnType<typeof readKnownTables>>;
  readonly #reported = new Set<string>();

  constructor(
    options: Omit<WatchOptions, 'connections'>,
    parser: SqlParser,
    findTable: Awaited<ReturnType<typeof readKnownTables>>,
  ) {
    this.#options = options;
    this.#parser = parser;
    this.#findTable = findTable;
  }

  check(sql: string): void {
    const { columns, activeColumn, report } = this.#options;
    const suspects = columns.flatMap((changed) => {
      const active = activeColumn(changed);
      const { oldColumn, newColumn } = changed;
      const column = active === oldColumn.name ? newColumn.name : oldColumn.name;
      return mayName(sql, column) ? [{ changed, active, column }] : [];
    });
    const parsed = suspects.length === 0 ? null : this.#parse(sql);
    if (parsed === null) return;
    const { references, fingerprint, statement } = parsed;
    for (const { changed, active, column } of suspects) {
      const { schema, name } = changed.table;
      const isNamed = references.some(
        (one) => one.column === column && one.table.schema === schema && one.table.name === name,
      );
      const { change, record } = namesOf(changed);
      const key = `${record} ${fingerprint}`;
      if (!isNamed || this.#reported.has(key)) continue;
      const table = `${schema}.${name}`;
      report({ change, table, column, activeColumn: active, statement, sentFrom: sendingLine() });
      // If the function throws, the statement fails the next time as well.
      this.#reported.add(key);
    }
  }

  /** Null if the parser does not understand the statement. */
  #parse(sql: string): ParsedStatement | null {
    try {
      return {
        references: columnReferences(this.#parser.parseSync(sql).stmts, this.#findTable),
        fingerprint: this.#parser.fingerprintSync(sql),
        statement: this.#parser.normalizeSync(sql),
      };
    } catch {
      // The server judges it. It may be of a later version than the parser, or nested too deeply for it.
      return null;
    }
  }
}

/** Whether a statement may name a column: saves parsing the others. */
function mayName(sql: string, column: string): boolean {
  return sql.replaceAll('""', '"').toLowerCase().includes(column.toLowerCase());
}

/** The text of a statement, as `pg` accepts it: a string, or an object such as a cursor. */
function textOf(sent: unknown): string {
  const text = typeof sent === 'object' && sent !== null && 'text' in sent ? sent.text : sent;
  return typeof text === 'string' ? text : '';
}
