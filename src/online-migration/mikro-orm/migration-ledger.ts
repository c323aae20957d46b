import type { Transaction } from '@mikro-orm/core';
import { MigrationStorage } from '@mikro-orm/migrations';
import { escapeIdentifier } from 'pg';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import { Session } from '../postgres/session.ts';

/** SQLSTATEs of a table that another session has created concurrently. */
const CREATED_BY_ANOTHER_CODES = new Set<string>([SQLSTATE.duplicateTable, SQLSTATE.uniqueViolation]);

/**
 * MikroORM's table of applied migrations, written in a phase's own transaction. If the process dies, both the phase
 * and its row exist, or neither.
 */
export class MigrationLedger extends MigrationStorage {
  /** Records a migration as applied; in the open transaction of `tx`, if that is a phase's session. */
  override async logMigration(params: { name: string }, tx?: Transaction): Promise<void> {
    const session = sessionOf(tx);
    if (session === undefined) return super.logMigration(params, tx);
    await session.query(`insert into ${this.#table()} (name) values ($1)`, [
      this.getMigrationName(params.name),
    ]);
  }

  /** Records a migration as reverted; in the open transaction of `tx`, if that is a phase's session. */
  override async unlogMigration(params: { name: string }, tx?: Transaction): Promise<void> {
    const session = sessionOf(tx);
    if (session === undefined) return super.unlogMigration(params, tx);
    const name = this.getMigrationName(params.name);
    await session.query(`delete from ${this.#table()} where name = any ($1)`, [
      [name, `${name}.js`, `${name}.ts`],
    ]);
  }

  /** Creates the table if it is missing, even if several commands start on an empty database. */
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

/** MikroORM passes on any value as the transaction; a phase passes its session. */
function sessionOf(tx: unknown): Session | undefined {
  return tx instanceof Session ? tx : undefined;
}
