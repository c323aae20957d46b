import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client, escapeIdentifier } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { activeColumnOf } from '../online-migration/follow/active-column.ts';
import { namesOf } from '../online-migration/change/names.ts';
import { readTableShape, TableNotReadyError } from '../online-migration/state/table-shape.ts';
import { createdAtColumn } from './created-at-change.ts';
import type { NewLargeRecord } from './large-record.ts';
import { TextMoment, TimestampMoment } from './timestamp-types.ts';

/** The names of seeded records are this and their number, from 1 on. */
export const SEEDED_NAME_PREFIX = 'LargeRecord_';

/** created_at of `LargeRecord_1`, in milliseconds since 1970; each further record is a second later. */
const FIRST_MOMENT_MS = Date.UTC(2024, 0, 1, 10);
const LAST_MOMENT_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/** The number of the last record whose created_at is a moment that the application takes. */
export const LARGEST_NUMBER = (LAST_MOMENT_MS - FIRST_MOMENT_MS) / 1000 + 1;

/** Rows of one transaction. COPY is at its full speed from here on, and a killed seeding loses no more than this. */
const CHUNK_ROWS = 100_000;
/** Rows that go to the server as one piece. */
const PIECE_ROWS = 1_000;

/** Any number serves, as long as every seeding takes the same one. */
const LOCK_KEY = 7_303_014_082_022;

/** The table is not as the seeding needs it; nothing was changed. */
export class SeedingRefusedError extends Error {
  override readonly name = 'SeedingRefusedError';
}

/** The record that the seeding makes under a number, from 1 to {@link LARGEST_NUMBER}. */
export function seededRecord(number: number): NewLargeRecord {
  return {
    name: `${SEEDED_NAME_PREFIX}${number}`,
    createdAt: new Date(FIRST_MOMENT_MS + (number - 1) * 1000),
  };
}

/**
 * Fills the table with numbered records, at any stage of the column change.
 *
 * 1. One seeding at a time: an advisory lock, which goes with the connection.
 * 2. Find the number to begin after; refuse where rows are there and nobody asked to append.
 * 3. Chunk by chunk, each in a transaction, so that a killed seeding leaves no gap: lock the table as writes do, so that
 *    it keeps its shape; see which column is active; COPY. (INSERT … SELECT takes the server 1.6 times as long.)
 * 4. ANALYZE, for the planner.
 *
 * @param url the database
 * @param options.rows how many records
 * @param options.append whether to go on behind the last number where rows are there already
 * @param options.signal ends the seeding; the chunk in progress is rolled back
 * @param options.report receives the number of rows that are there for good, after each chunk
 * @returns the first and the last number
 * @throws SeedingRefusedError if the table is missing or not empty, or another seeding is at work; the signal's reason
 *   where it ended the seeding
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
  client.on('error', () => {}); // A lost connection fails the statement in flight, and that is what the caller sees.
  await client.connect();
  resources.defer(() => client.end());

  await refuseMissingTable(client);
  await refuseSecondSeeding(client);
  if (!append) await refuseRows(client);
  const first = (append ? await lastNumber(client) : 0) + 1;
  const last = first + rows - 1;
  if (last > LARGEST_NUMBER) {
    throw new SeedingRefusedError(
      `There is no room for ${rows} more records behind ${SEEDED_NAME_PREFIX}${first - 1}: ` +
        `created_at of ${SEEDED_NAME_PREFIX}${LARGEST_NUMBER} is the last second of the year 9999.`,
    );
  }
  for (let number = first; number <= last; number += CHUNK_ROWS) {
    signal.throwIfAborted();
    const end = Math.min(number + CHUNK_ROWS, last + 1);
    await copyChunk(client, number, end, signal);
    report(end - first);
  }
  await client.query(`analyze ${namesOf(createdAtColumn).table}`);
  return { first, last };
}

async function refuseMissingTable(client: Client): Promise<void> {
  try {
    await readTableShape(client, createdAtColumn);
  } catch (error) {
    if (!(error instanceof TableNotReadyError)) throw error;
    const { schema, name } = createdAtColumn.table;
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
  throw new SeedingRefusedError('Another seeding is at work in this database: wait until it has ended.');
}

async function refuseRows(client: Client): Promise<void> {
  const { rows } = await client.query<{ filled: boolean }>(
    `select exists (select from ${namesOf(createdAtColumn).table}) as filled`,
  );
  if (!rows[0]?.filled) return;
  const { schema, name } = createdAtColumn.table;
  throw new SeedingRefusedError(
    `The table ${schema}.${name} has rows already: add --append to go on behind the last one.`,
  );
}

/** The number of the newest record with such a name, and 0 where there is none. Found from the end of the primary key. */
async function lastNumber(client: Client): Promise<number> {
  const { table, key } = namesOf(createdAtColumn);
  // More digits than the largest number has are not the seeding's.
  const furtherDigits = String(LARGEST_NUMBER).length - 1;
  const { rows } = await client.query<{ number: string }>(
    `
    select substring(name from $1) as number
    from ${table} r
    where name ~ $1
    order by ${key.descending('r')}
    limit 1`,
    [`^${SEEDED_NAME_PREFIX}([1-9][0-9]{0,${furtherDigits}})$`],
  );
  return Number(rows[0]?.number ?? 0);
}

async function copyChunk(client: Client, first: number, end: number, signal: AbortSignal): Promise<void> {
  const { table } = namesOf(createdAtColumn);
  // No rollback where a statement fails: the caller closes the connection then.
  await client.query('begin');
  await client.query(`lock table ${table} in row exclusive mode`);
  const { form, name } = activeColumnOf(await readTableShape(client, createdAtColumn), createdAtColumn);
  const type = form === 'old' ? new TextMoment() : new TimestampMoment();
  const copy = client.query(copyFrom(`copy ${table} (name, ${escapeIdentifier(name)}) from stdin`));
  const lines = Readable.from(copyLines(first, end, (moment) => type.convertToDatabaseValue(moment)));
  try {
    await pipeline(lines, copy, { signal });
  } catch (error) {
    signal.throwIfAborted(); // Otherwise the server's "COPY failed" might be told in its place.
    throw error;
  }
  await client.query('commit');
}

/** In COPY's text format, which needs no escapes here. */
function* copyLines(first: number, end: number, write: (moment: Date | string) => string): Generator<string> {
  for (let pieceFirst = first; pieceFirst < end; pieceFirst += PIECE_ROWS) {
    let piece = '';
    for (let number = pieceFirst; number < Math.min(pieceFirst + PIECE_ROWS, end); number += 1) {
      const { name, createdAt } = seededRecord(number);
      piece += `${name}\t${write(createdAt)}\n`;
    }
    yield piece;
  }
}
