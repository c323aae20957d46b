import { escapeIdentifier } from 'pg';
import type { ThrowawayPostgres } from '../../database/throwaway-postgres.ts';
import { seedLargeRecords } from '../../large-record/seeding.ts';
import { type Connection, connect } from '../harness/connection.ts';
import { migrateUpTo } from '../harness/migration-command.ts';

/** Runs follow each other, so there is one copy at a time. */
const COPY = 'run';

/** A server, and a connection to it that creates and drops databases. */
export interface BenchServer {
  readonly server: ThrowawayPostgres;
  readonly admin: Connection;
}

/** A database that is dropped when its owner disposes of it. */
export interface OwnedDatabase extends AsyncDisposable {
  readonly name: string;
  /** With the password: not for printing. */
  readonly url: string;
  /** Seeded rows of its table. */
  readonly rows: number;
}

/**
 * Makes the database of which every run gets a copy: the table as it has been for years, filled, vacuumed and analyzed.
 * Nobody can connect to it afterwards, not even autovacuum, so that all copies are the same.
 *
 * @param rows how many rows the table has
 * @param signal ends the seeding
 */
export async function createTemplate(
  { server, admin }: BenchServer,
  rows: number,
  signal: AbortSignal,
): Promise<OwnedDatabase> {
  const name = `template_${rows}`;
  const url = server.url(name);
  await admin.query(`create database ${escapeIdentifier(name)}`);
  await migrateUpTo(url, '0001', signal);
  await seedLargeRecords(url, { rows, append: false, signal, report: () => {} });
  await vacuumTable(url);
  await admin.query(`alter database ${escapeIdentifier(name)} with allow_connections false`);
  return owned(admin, name, url, rows);
}

/**
 * Copies the files of a template, so that they are all on the disk, lends the copy to a piece of work, and drops it.
 *
 * @returns what the work returns
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

async function vacuumTable(url: string): Promise<void> {
  await using connection = await connect(url);
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
