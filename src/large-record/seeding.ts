import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client, escapeIdentifier } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { OnlineMigrationError, readStatus } from 'online-migration';
import { largeRecordCreatedAtChange } from './created-at-change.ts';
import type { NewLargeRecord } from './large-record.ts';
import { TextTimestamp, NativeTimestamp } from './timestamp-types.ts';

/** The name of a seeded record is this prefix and its number, from 1. */
export const SEEDED_NAME_PREFIX = 'LargeRecord_';

/** created_at of `LargeRecord_1`, in milliseconds since 1970. Each further record is one second later. */
const FIRST_TIMESTAMP_MS = Date.UTC(2024, 0, 1, 10);
const LAST_TIMESTAMP_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/** The number of the last record with a created_at that the application accepts. */
export const LARGEST_NUMBER = (LAST_TIMESTAMP_MS - FIRST_TIMESTAMP_MS) / 1000 + 1;

/** Rows per transaction. More rows do not speed COPY up, and a killed seeding loses at most one chunk. */
const CHUNK_ROWS = 100_000;
/** Rows per piece sent to the server. */
const PIECE_ROWS = 1_000;

/** Schema and name, quoted. */
const TABLE = `${escapeIdentifier(largeRecordCreatedAtChange.table.schema)}.${escapeIdentifier(largeRecordCreatedAtChange.table.name)}`;

/** An arbitrary number; every seeding must use the same one. */
const LOCK_KEY = 7_303_014_082_022;

/** The table is not ready for seeding. Nothing was changed. */
export class SeedingRefusedError extends Error {
  override readonly name = 'SeedingRefusedError';
}

/** The seeded record with this number, from 1 to {@link LARGEST_NUMBER}. */
export function seededRecord(number: number): NewLargeRecord {
  return {
    name: `${SEEDED_NAME_PREFIX}${number}`,
    createdAt: new Date(FIRST_TIMESTAMP_MS + (number - 1) * 1000),
  };
}

/**
 * Fills the table with numbered records, at any stage of the column change.
 *
 * 1. Take an advisory lock, so that only one seeding runs. The lock ends with the connection.
 * 2. Find the first number. If the table has rows and `append` is false, fail.
 * 3. Write one chunk per transaction, so that a killed seeding leaves no gap. Each transaction locks the table as
 *    writes do, reads the active column, and copies. (INSERT … SELECT takes 1.6 times as long.)
 * 4. ANALYZE, for the planner.
 *
 * @param url the database
 * @param options.rows number of records to add
 * @param options.append whether to continue after the last number if the table has rows
 * @param options.signal stops the seeding; the current chunk is rolled back
 * @param options.report receives the number of committed rows after each chunk
 * @returns the first and the last number
 * @throws SeedingRefusedError if the table is missing or not empty, or another seeding is running
 * @throws the signal's reason if the signal stopped the seeding
 */
export async function seedLargeRecords(
  url: string,
  options: {
    readonly rows: number;
    readonly append: boolean;
    readonly signal: AbortSignal;
    readonly report: (rowsDone: number) => void;
  },
): Promise<{ first: number; last: number }> {
  const { rows, append, signal, report } = options;
  await using resources = new AsyncDisposableStack();
  const client = new Client({ connectionString: url, application_name: 'seed' });
  client.on('error', () => {}); // A lost connection also fails the running statement, and the caller handles that.
  await client.connect();
  resources.defer(() => client.end());

  await refuseMissingTable(client);
  await refuseSecondSeeding(client);
  if (!append) await refuseRows(client);
  const first = (append ? await lastNumber(client) : 0) + 1;
  const last = first + rows - 1;
  if (last > LARGEST_NUMBER) {
    throw new SeedingRefusedError(
      `There is no room for ${rows} more records after ${SEEDED_NAME_PREFIX}${first - 1}: ` +
        `created_at of ${SEEDED_NAME_PREFIX}${LARGEST_NUMBER} is the last second of the year 9999.`,
    );
  }
  for (let number = first; number <= last; number += CHUNK_ROWS) {
    signal.throwIfAborted();
    const end = Math.min(number + CHUNK_ROWS, last + 1);
    await copyChunk(client, number, end, signal);
    report(end - first);
  }
  await client.query(`analyze ${TABLE}`);
  return { first, last };
}

async function refuseMissingTable(client: Client): Promise<void> {
  try {
    await readStatus(client, largeRecordCreatedAtChange);
  } catch (error) {
    if (!(error instanceof OnlineMigrationError) || error.code !== 'TABLE_NOT_READY') throw error;
    const { schema, name } = largeRecordCreatedAtChange.table;
    throw new SeedingRefusedError(
      `The table ${schema}.${name} does not exist: run \`npx mikro-orm migration:up --to 0001\` first.`,
      { cause: error },
    );
  }
}

async function refuseSecondSeeding(client: Client): Promise<void> {
  const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [
    LOCK_KEY,
  ]);
  if (rows[0]?.taken) return;
  throw new SeedingRefusedError('Another seeding is running in this database: wait until it has finished.');
}

async function refuseRows(client: Client): Promise<void> {
  const { rows } = await client.query<{ filled: boolean }>(`select exists (select from ${TABLE}) as filled`);
  if (!rows[0]?.filled) return;
  const { schema, name } = largeRecordCreatedAtChange.table;
  throw new SeedingRefusedError(
    `The table ${schema}.${name} already has rows: add --append to continue after the last one.`,
  );
}

/** The number of the newest seeded record, or 0 if there is none. It scans the primary key backwards. */
async function lastNumber(client: Client): Promise<number> {
  // A seeded name never has more digits.
  const furtherDigits = String(LARGEST_NUMBER).length - 1;
  const { rows } = await client.query<{ number: string }>(
    `
    select substring(name from $1) as number
    from ${TABLE}
    where name ~ $1
    order by id desc
    limit 1`,
    [`^${SEEDED_NAME_PREFIX}([1-9][0-9]{0,${furtherDigits}})$`],
  );
  return Number(rows[0]?.number ?? 0);
}

async function copyChunk(client: Client, first: number, end: number, signal: AbortSignal): Promise<void> {
  // If a statement fails, no rollback is needed: the caller closes the connection.
  await client.query('begin');
  await client.query(`lock table ${TABLE} in row exclusive mode`);
  const { form, activeColumn } = await readStatus(client, largeRecordCreatedAtChange);
  const type = form === 'old' ? new TextTimestamp() : new NativeTimestamp();
  const copy = client.query(copyFrom(`copy ${TABLE} (name, ${escapeIdentifier(activeColumn)}) from stdin`));
  const lines = Readable.from(copyLines(first, end, (createdAt) => type.convertToDatabaseValue(createdAt)));
  try {
    await pipeline(lines, copy, { signal });
  } catch (error) {
    signal.throwIfAborted(); // Otherwise the server's "COPY failed" might be reported instead.
    throw error;
  }
  await client.query('commit');
}

/** COPY's text format. These values need no escapes. */
function* copyLines(
  first: number,
  end: number,
  write: (createdAt: Date | string) => string,
): Generator<string> {
  for (let pieceFirst = first; pieceFirst < end; pieceFirst += PIECE_ROWS) {
    let piece = '';
    for (let number = pieceFirst; number < Math.min(pieceFirst + PIECE_ROWS, end); number += 1) {
      const { name, createdAt } = seededRecord(number);
      piece += `${name}\t${write(createdAt)}\n`;
    }
    yield piece;
  }
}
