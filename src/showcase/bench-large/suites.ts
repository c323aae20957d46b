import type { Connection } from '../harness/connection.ts';

/** The names for `--suites`. */
export type SuiteName = 'larger-than-memory' | 'rows-of-1kb' | 'rows-of-30kb';

/** A table, and the memory of the server that holds it. */
export interface Suite {
  readonly name: SuiteName;
  /** Its name in a table of results, in Markdown. */
  readonly title: string;
  /** Rows of the table. */
  readonly rows: (optionRows: number) => number;
  /** Bytes of the further column; 0 if there is none. */
  readonly payloadBytes: number;
  /** Memory of the server and its page cache, as a share of the table; null if it is not limited. */
  readonly memoryShare: number | null;
  /** Approximate bytes of a row, for the estimate. */
  readonly rowBytes: {
    readonly heap: number;
    readonly toast: number;
    /** Of the backfill's WAL. */
    readonly wal: number;
  };
}

/** All suites. The wide tables have a tenth and a hundredth of the rows, and no more than the page needs. */
export const SUITES: readonly Suite[] = [
  {
    name: 'larger-than-memory',
    title: 'narrow rows, larger than memory',
    rows: (optionRows) => optionRows,
    payloadBytes: 0,
    memoryShare: 0.25,
    rowBytes: { heap: 77, toast: 0, wal: 330 },
  },
  {
    name: 'rows-of-1kb',
    title: 'rows of 1 kB',
    rows: (optionRows) => Math.min(200_000, Math.ceil(optionRows / 10)),
    payloadBytes: 1_000,
    memoryShare: null,
    rowBytes: { heap: 1_170, toast: 0, wal: 1_500 },
  },
  {
    name: 'rows-of-30kb',
    title: 'rows of 30 kB in TOAST',
    rows: (optionRows) => Math.min(20_000, Math.ceil(optionRows / 100)),
    payloadBytes: 30_000,
    memoryShare: null,
    rowBytes: { heap: 94, toast: 33_000, wal: 350 },
  },
];

/**
 * Adds a column with random bytes, which no compression makes smaller. The API neither reads nor writes it.
 *
 * @param connection to the seeded table
 * @param bytes per row; 0 adds no column
 */
export async function widenRows(connection: Connection, bytes: number): Promise<void> {
  if (bytes === 0) return;
  await connection.query(`
    create function pg_temp.random_bytes(length int) returns bytea volatile language sql as $$
      select substr(string_agg(sha512(float8send(random())), ''), 1, length)
      from generate_series(1, (length + 63) / 64)
    $$`);
  // A volatile default writes the table anew, so the heap has no gaps.
  await connection.query(
    `alter table public.large_record add column payload bytea default pg_temp.random_bytes(${bytes})`,
  );
  await connection.query('alter table public.large_record alter column payload drop default');
}
