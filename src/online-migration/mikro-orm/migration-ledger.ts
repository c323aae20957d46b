import type { Transaction } from '@mikro-orm/core';
import { MigrationStorage } from '@mikro-orm/migrations';
import { escapeIdentifier } from 'pg';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import { Session } from '../postgres/session.ts';

/** SQLSTATEs of a table that someone else created at the same moment. */
const CREATED_BY_ANOTHER_CODES = new Set<string>([SQLSTATE.duplicateTable, SQLSTATE.uniqueViolation]);

/**
 * MikroORM's table of migrations that have run, written in a move's own transaction: a process that dies leaves either
 * the move and its row, or neither.
 */
export class MigrationLedger extends MigrationStorage {
  /** Notes a migration as applied; in the transaction that is open on `tx`, where that is a move's session. */
  override async logMigration(params: { name: string }, tx?: Transaction): Promise<void> {
    const session = sessionOf(tx);
    if (session === undefined) return super.logMigration(params, tx);
    await session.query(`insert into ${this.#table()} (name) values ($1)`, [
      this.getMigrationName(params.name),
    ]);
  }

  /** Notes a migration as reverted; in the transaction that is open on `tx`, where that is a move's session. */
  override async unlogMigration(params: { name: string }, tx?: Transaction): Promise<void> {
    const session = sessionOf(tx);
    if (session === undefined) return super.unlogMigration(params, tx);
    const name = this.getMigrationName(params.name);
    await session.query(`delete from ${this.#table()} where name = any ($1)`, [
      [name, `${name}.js`, `${name}.ts`],
    ]);
  }

  /** Creates the table where it is missing, also when several commands meet on an empty database. */
  override async ensureTable(): Promise<void> {
    try {
      await super.ensureTable();
    } catch (error) {
      if (!CREATED_BY_ANOTHER_CODES.has(sqlState(error) ?? '')) throw error;
      await super.ensureTable();
    }
  }

  #table(): string {
    const { tableName, schemaName } = this.getTableName();
    return `${escapeIdentifier(schemaName ?? 'public')}.${escapeIdentifier(tableName)}`;
  }
}

/** MikroORM hands on as a transaction whatever it was given; a move gives its session. */
function sessionOf(tx: unknown): Session | undefined {
  return tx instanceof Session ? tx : undefined;
}
