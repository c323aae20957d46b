import type { Transaction } from '@mikro-orm/core';
import { type MigrationRow, MigrationStorage } from '@mikro-orm/migrations';
import { escapeIdentifier } from 'pg';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import { Session } from '../postgres/session.ts';

/** SQLSTATEs of a schema or a table that another session has created concurrently. */
const CREATED_BY_ANOTHER_CODES = new Set<string>([
  SQLSTATE.duplicateSchema,
  SQLSTATE.duplicateTable,
  SQLSTATE.uniqueViolation,
]);

/** A statement with one value, for a driver that writes parameters in its own way. */
type Statement = (parameter: string) => string;

/**
 * MikroORM's table of applied migrations, written in a phase's own transaction. If the process dies, both the phase
 * and its row exist, or neither.
 *
 * Every statement names the table's schema. MikroORM's own statements leave out `public`, so they would make the table in the
 * first schema of the search_path, and look for it in `public`.
 */
export class MigrationLedger extends MigrationStorage {
  readonly #existing = new Set<string>();

  /** Records a migration as applied; in the open transaction of `tx`. */
  override async logMigration(params: { name: string }, tx?: Transaction): Promise<void> {
    await this.#write(
      (name) => `insert into ${this.#table} (name) values (${name})`,
      this.getMigrationName(params.name),
      tx,
    );
  }

  /** Records a migration as reverted; in the open transaction of `tx`. */
  override async unlogMigration(params: { name: string }, tx?: Transaction): Promise<void> {
    await this.#write(
      (name) => `delete from ${this.#table} where regexp_replace(name, '[.][jt]s$', '') = ${name}`,
      this.getMigrationName(params.name),
      tx,
    );
  }

  /** The applied migrations, in the order in which they ran. */
  override async getExecutedMigrations(): Promise<MigrationRow[]> {
    await this.ensureTable();
    const rows = await this.#execute<MigrationRow>(
      `select id, name, executed_at from ${this.#table} order by id`,
    );
    return rows.map((row) => ({ ...row, executed_at: new Date(row.executed_at) }));
  }

  /** The names of the applied migrations. Unlike `executed`, it does not create the table. */
  async appliedNames(): Promise<string[]> {
    return (await this.#exists()) ? await this.executed() : [];
  }

  /** Creates the table if it is missing, even if several commands start on an empty database. */
  override async ensureTable(): Promise<void> {
    const table = this.#table;
    if (this.#existing.has(table)) return;
    if (!(await this.#exists())) {
      await this.#create().catch(async (error: unknown) => {
        if (!CREATED_BY_ANOTHER_CODES.has(sqlState(error) ?? '') || !(await this.#exists())) throw error;
      });
    }
    this.#existing.add(table);
  }

  async #exists(): Promise<boolean> {
    const { schema, table } = this.#place;
    const rows = await this.#execute(
      `
      select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ? and c.relname = ?`,
      [schema, table],
    );
    return rows.length > 0;
  }

  async #create(): Promise<void> {
    const { schema } = this.#place;
    const schemas = await this.#execute('select from pg_catalog.pg_namespace where nspname = ?', [schema]);
    if (schemas.length === 0) await this.#execute(`create schema if not exists ${escapeIdentifier(schema)}`);
    await this.#execute(
      `
      create table ${this.#table} (
        id serial primary key, name varchar(255) not null, executed_at timestamptz(6) not null default current_timestamp(6)
      )`,
    );
  }

  async #write(statement: Statement, name: string, tx: unknown): Promise<void> {
    // MikroORM passes on any value as the transaction; a phase passes its session.
    if (tx instanceof Session) await tx.query(statement('$1'), [name]);
    else await this.#execute(statement('?'), [name], tx as Transaction);
  }

  #execute<Row extends object>(text: string, values: unknown[] = [], tx?: Transaction): Promise<Row[]> {
    return this.driver.execute<Row[]>(text, values, 'all', tx);
  }

  get #place(): { readonly schema: string; readonly table: string } {
    const { tableName, schemaName } = this.getTableName();
    return { schema: schemaName ?? 'public', table: tableName };
  }

  get #table(): string {
    const { schema, table } = this.#place;
    return `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`;
  }
}
