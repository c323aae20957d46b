import { KEPT_WAL_BYTES } from '../harness/free-disk.ts';
import type { Suite } from './suites.ts';

/** Approximate seconds per million rows of a suite's seeding, copies, runs and checks, on two cores. */
const SECONDS_PER_MILLION_ROWS = 60;
/** Those per gigabyte of the table: its column, copies and checks. */
const SECONDS_PER_GIGABYTE = 60;
/** The load alone, the warm-ups and the starts of the processes. */
const FIXED_SECONDS = 90;
/** The primary key of a row. */
const KEY_BYTES = 23;
/** Heap and primary key after a backfill under load. */
const GROWTH = 1.5;
const GIGABYTE = 2 ** 30;

/** Estimates the duration of suites, in seconds. */
export function estimateSeconds(suites: readonly Suite[], rows: number): number {
  return suites
    .map((suite) => {
      const gigabytes = (suite.payloadBytes * suite.rows(rows)) / GIGABYTE;
      return (
        FIXED_SECONDS +
        (suite.rows(rows) / 1_000_000) * SECONDS_PER_MILLION_ROWS +
        gigabytes * SECONDS_PER_GIGABYTE
      );
    })
    .reduce((sum, seconds) => sum + seconds, 0);
}

/** Estimates the size of a suite's heap and TOAST, in bytes. */
export function estimateTableBytes({ rows, rowBytes }: Suite, optionRows: number): number {
  return rows(optionRows) * (rowBytes.heap + rowBytes.toast);
}

/**
 * Estimates the bytes on disk: a template, a copy that grows, the WAL, and the file of the sequential copy. The suites
 * run in sequence, so the largest one counts.
 */
export function estimateDiskBytes(suites: readonly Suite[], rows: number): number {
  return Math.max(
    ...suites.map((suite) => {
      const count = suite.rows(rows);
      const template = count * KEY_BYTES + estimateTableBytes(suite, rows);
      const wal = count * suite.rowBytes.wal;
      const sequential = count * suite.rowBytes.heap * GROWTH + wal;
      return template + template * GROWTH + KEPT_WAL_BYTES + sequential;
    }),
  );
}
