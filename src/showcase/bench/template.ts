import { escapeIdentifier } from 'pg';
import type { ThrowawayPostgres } from '../../database/throwaway-postgres.ts';
import { seedLargeRecords } from '../../large-record/seeding.ts';
import { type Connection, connect } from '../harness/connection.ts';
import { migrateUpTo } from '../harness/migration-command.ts';

/** A single name suffices: runs are sequential. */
const COPY = 'run';

/** A server, and a connection that creates and drops its databases. */
export interface BenchServer {
  readonly server: ThrowawayPostgres;
  readonly admin: Connection;
}

/** A database. Disposing of it drops it. */
export interface OwnedDatabase extends AsyncDisposable {
  readonly name: string;
  /** Contains the password: do not print it. */
  readonly url: string;
  /** Number of seeded rows. */
  readonly rows: number;
}

/**
 * Creates the template database: the table of 0001, seeded, vacuumed and analyzed. Afterwards nobody can connect to it,
 * not even autovacuum, so that all copies are equal.
 *
 * @param rows number of rows in the table
 * @param signal stops the seeding
 * @param finish changes the seeded table further, for example its width
 */
export async function createTemplate(
  { server, admin }: BenchServer,
  rows: number,
  signal: AbortSignal,
  finish: (connection: Connection) => Promise<unknown> = async () => {},
): Promise<OwnedDatabase> {
  const name = `template_${rows}`;
  const url = server.url(name);
  await admin.query(`create database ${escapeIdentifier(name)}`);
  await migrateUpTo(url, '0001', signal);
  await seedLargeRecords(url, { rows, append: false, signal, report: () => {} });
  await finishTable(url, finish);
  await admin.query(`alter database ${escapeIdentifier(name)} with allow_connections false`);
  return owned(admin, name, url, rows);
}

/**
 * Copies the template's files (which writes them to disk), passes the copy to a task, and drops it.
 *
 * @returns the task's result
 */
export async function useCopy<T>(
  { server, admin }: BenchServer,
  template: OwnedDatabase,
  work: (copy: OwnedDatabase) => Promise<T>,
): Promise<T> {
  await admin.query(`create database ${COPY} template ${escapeIdentifier(template.name)} strategy file_copy`);
  await using copy = owned(admin, COPY, server.url(COPY), template.rows);
  return await work(copy);
}

async function finishTable(url: string, finish: (connection: Connection) => Promise<unknown>): Promise<void> {
  await using connection = await connect(url);
  await finish(connection);
  await connection.query('vacuum (analyze) public.large_record');
}

function owned(admin: Connection, name: string, url: string, rows: number): OwnedDatabase {
  return {
    name,
    url,
    rows,
    [Symbol.asyncDispose]: async () => {
      await admin.query(`drop database ${escapeIdentifier(name)} with (force)`);
    },
  };
}
