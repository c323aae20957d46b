import { describe, expect, it } from '@jest/globals';
import {
  readBatchesSeconds,
  readClosingLine,
  readLockHolds,
} from '../../../src/showcase/harness/migration-log.ts';

const LINES = [
  'Database: postgresql://postgres@127.0.0.1:46583/a (DATABASE_URL)',
  `[migrator] Processing '0003_backfill_created_at_new'`,
  '[migrator] backfill: 100,000 of 100,000 rows, 100.0 %, 111,442 rows/s, time left 0 s',
  '[migrator] backfill: 100,000 rows in 1.0 s, 102,024 rows/s; 1,024 batches, the longest 1,088 ms; pauses: 1.0 s (x); WAL 18 MB; heap 8 MB to 9 MB (1.22×)',
  `[migrator] Applied '0003_backfill_created_at_new'`,
  `[migrator] Processing '0004_enforce_created_at_new'`,
  '[migrator] enforce: add the not-null check: no lock on "public"."large_record" within 100 ms (try 1), again in 7 ms; blocked by x',
  '[migrator] enforce: add the not-null check: held ACCESS EXCLUSIVE on "public"."large_record" for 2.7 ms',
  '[migrator] enforce: set not null: held ACCESS EXCLUSIVE on "public"."large_record" for 11.3 ms',
  `[migrator] Processing '0006_rename_created_at_new'`,
  '[migrator] rename: held ACCESS EXCLUSIVE on "public"."large_record" for 12 ms',
];

describe('the log of a migration', () => {
  it('has each lock, its migration and its purpose', () => {
    expect(readLockHolds(LINES)).toEqual([
      { migration: '0004', purpose: 'enforce: add the not-null check', milliseconds: 2.7 },
      { migration: '0004', purpose: 'enforce: set not null', milliseconds: 11.3 },
      { migration: '0006', purpose: 'rename', milliseconds: 12 },
    ]);
  });

  it('has the batches of the backfill', () => {
    expect(LINES.map(readBatchesSeconds).filter((seconds) => seconds !== undefined)).toEqual([1]);
    expect(readClosingLine(LINES)).toEqual({ batches: 1_024, longestBatchMs: 1_088 });
  });

  it('is an error without its closing line', () => {
    expect(() => readClosingLine(LINES.slice(0, 3))).toThrow(
      /^The backfill has printed no closing line with its batches:\n/,
    );
  });
});
