import { execFile } from 'node:child_process';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { MeasuredRun } from '../../../src/showcase/bench/measured-run.ts';
import type { LargeResult, SuiteResult } from '../../../src/showcase/bench-large/large-result.ts';
import { largeReport } from '../../../src/showcase/bench-large/report.ts';
import { type SuiteName, SUITES } from '../../../src/showcase/bench-large/suites.ts';

const MEGABYTE = 2 ** 20;
const api = { requests: 12_345, failed: 0, p50Ms: 1.23, p99Ms: 8, maxMs: 1_234.5, failures: [] };
const alone: MeasuredRun = {
  method: 'engine-1',
  rows: 2_000_000,
  seconds: 12,
  batches: 100,
  longestBatchMs: 120.4,
  variant: 'kept',
  process: { seconds: 14, peakMemoryBytes: 110 * MEGABYTE },
  walBytes: 600 * MEGABYTE,
  heapGrowth: 1.18,
  indexGrowth: 1,
  api: null,
  ledger: { acknowledged: 0, missing: 0, different: 0, unexpected: 0 },
};
const memory = {
  limitBytes: 50 * MEGABYTE,
  peakBytes: 49 * MEGABYTE,
  sharedBuffersBytes: 12 * MEGABYTE,
  notLimitedReason: null,
};

function suite(name: SuiteName, changes: Partial<SuiteResult> = {}): SuiteResult {
  return {
    suite: name,
    rows: 2_000_000,
    heapBytes: 150 * MEGABYTE,
    toastBytes: 50 * MEGABYTE,
    memory,
    load: { capacityPerSecond: 1_600, requestsPerSecond: 800, connections: 32, patienceMs: 10_000 },
    idle: { ...api, p99Ms: 5 },
    alone,
    checkpointSeconds: 0.5,
    io: { readBytes: 300 * MEGABYTE, writtenBytes: 180 * MEGABYTE },
    sequential: { readBytes: 150 * MEGABYTE, writtenBytes: 777 * MEGABYTE, seconds: 10 },
    noCopyReason: null,
    loaded: { ...alone, seconds: 40, longestBatchMs: 151, api },
    ...changes,
  };
}

function reportOf(suites: readonly SuiteResult[]): string {
  const result: LargeResult = {
    rows: 2_000_000,
    workers: 1,
    seed: 7,
    began: '2026-11-29T12:00:00.000Z',
    seconds: 600,
    machine: {
      cores: 2,
      processor: 'Example 1',
      memoryBytes: 8 * 2 ** 30,
      system: 'linux 6.1 x64',
      postgres: '18.4',
      node: '24.0.0',
    },
    settings: { max_wal_size: '4GB', fsync: 'on' },
    suites,
  };
  return largeReport(result);
}

/** The cells of the table's rows, without the separator below the headings. */
function tableAfter(report: string, heading: string): string[][] {
  const section = report.split(/^<summary>/m).find((text) => text.startsWith(heading))!;
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  const rows = lines.toSpliced(1, 1).map((line) => line.split('|').slice(1, -1));
  return rows.map((cells) => cells.map((cell) => cell.trim()));
}

describe('the report of bench:large', () => {
  const report = reportOf(SUITES.map(({ name }) => suite(name)));

  it('has the circumstances', () => {
    const command = 'npm run bench:large -- --rows 2000000 --workers 1 --seed 7';
    expect(report).toContain(`on 2026-11-29 with \`${command}\`, in 10 minutes.`);
    expect(report).toContain('8 GB of memory, linux 6.1 x64, Node 24.0.0.');
    expect(report).toContain('\nDatabase: PostgreSQL 18.4, max_wal_size = 4GB, fsync = on. ');
    expect(reportOf([suite('rows-of-1kb')])).toContain('--rows 2000000 --suites rows-of-1kb --workers 1');
  });

  it('has each table with its memory', () => {
    const [headings, ...rows] = tableAfter(report, 'The tables');
    expect(headings).toEqual([
      'table',
      'rows',
      'heap MB',
      'TOAST MB',
      'memory limit MB',
      'limit / table',
      'most used MB',
      'shared_buffers MB',
      'load requests/s',
    ]);
    expect(rows.map(([title]) => title)).toEqual(SUITES.map(({ title }) => title));
    expect(rows[0]!.slice(1)).toEqual(['2,000,000', '150', '50', '50', '0.25', '49', '12', '800']);
  });

  it('has the backfill without and with load', () => {
    const [headings, first, second, ...rows] = tableAfter(report, 'The backfill');
    expect(headings!.slice(1)).toEqual([
      'load',
      'seconds',
      'µs per row',
      'longest batch ms',
      'heap',
      'primary key',
      'WAL MB',
      'API p99 ms',
      'idle p99 ms',
      'failed requests',
      'process memory MB',
    ]);
    const same = ['1.18×', '1.00×', '600'];
    expect(first!.slice(1)).toEqual(['no', '12.0', '6.0', '120', ...same, '–', '–', '–', '110']);
    expect(second!.slice(1)).toEqual(['yes', '40.0', '20.0', '151', ...same, '8.0', '5.0', '0', '110']);
    expect(rows).toHaveLength(4);
  });

  it('has the bytes and the time of dd, and the bytes that the server moved', () => {
    const [headings, first] = tableAfter(report, 'The same bytes');
    expect(headings!.slice(1)).toEqual([
      '`dd` reads MB',
      '`dd` writes MB',
      '`dd` seconds',
      'backfill and checkpoint seconds',
      'ratio',
      'server reads / heap',
      'server writes / heap',
    ]);
    expect(first!.slice(1)).toEqual(['150', '777', '10.00', '12.50', '1.25', '2.0×', '1.2×']);
  });

  it('tells for each target whether it was reached', () => {
    const lines = report
      .split('\n')
      .filter((line) => /^\| (target|time|longest|heap|primary|API)/.test(line));
    const cells = lines.map((line) => line.split('|').map((cell) => cell.trim()));
    expect(cells[0]!.slice(3, -1)).toEqual(SUITES.map(({ title }) => title));
    expect(cells.slice(1).map((row) => row.slice(2, 4))).toEqual([
      ['≤ 1.5×', '1.25'],
      ['≤ 150 ms', '151 (missed)'],
      ['≤ 1.2×', '1.18'],
      ['≤ 1.02×', '1'],
      ['= 0', '0'],
      ['≤ 2×', '1.60'],
    ]);
  });

  it('marks each figure of a table whose memory could not be limited', () => {
    const notLimited = { ...memory, limitBytes: null, notLimitedReason: 'there is no group' };
    const marked = reportOf([suite('larger-than-memory', { memory: notLimited })]);
    expect(marked).toMatch(/^\*\*The memory was not limited\*\* for "narrow rows.*": there is no group\./m);
    expect(tableAfter(marked, 'The tables')[1]!.slice(4, 6)).toEqual(['**NOT LIMITED**', '–']);
    expect(marked).toMatch(/^\| target .*\(NOT LIMITED\) \|$/m);
    for (const heading of ['The tables', 'The backfill', 'The same bytes']) {
      const titles = tableAfter(marked, heading).map(([title]) => title!);
      expect(titles.slice(1).filter((title) => !title.endsWith('(NOT LIMITED)'))).toEqual([]);
    }
  });

  it('marks a table that is too small for its limit, and names the rows that would do', () => {
    const small = { ...memory, limitBytes: 96 * MEGABYTE };
    const marked = reportOf([suite('larger-than-memory', { memory: small })]);
    expect(report).not.toMatch(/too small|SMALL TABLE/);
    expect(marked).toMatch(
      /^\*\*The table is too small\*\* for "narrow rows.*": .* is 0\.48 of the table, not 0\.25\. With 3,900,000 rows/m,
    );
    for (const heading of ['The tables', 'The backfill', 'The same bytes']) {
      expect(tableAfter(marked, heading)[1]![0]).toMatch(/ \(SMALL TABLE\)$/);
    }
  });

  it('names the reason if dd was not run', () => {
    const noCopyReason = 'dd failed: sh: 1: exec: dd: not found';
    const some = reportOf([suite('rows-of-1kb', { sequential: null, noCopyReason })]);
    expect(some).toContain(`\n**There is no time of \`dd\`** for "rows of 1 kB": ${noCopyReason}.\n`);
    expect(report).not.toContain('no time of');
  });

  it('names the missing measurements of a table that wants no limit', () => {
    const unlimited = { ...memory, limitBytes: null, peakBytes: null };
    const some = reportOf([suite('rows-of-1kb', { memory: unlimited, sequential: null })]);
    expect(some).not.toMatch(/not limited/i);
    expect(tableAfter(some, 'The tables')[1]!.slice(4, 7)).toEqual(['none wanted', '–', 'not measured']);
    const sequential = tableAfter(some, 'The same bytes')[1]!.slice(1, 6);
    expect(sequential).toEqual(['not measured', 'not measured', '–', '12.50', '–']);
    expect(some).toMatch(/^\| time of the backfill .*\| +≤ 1\.5× \| +not measured \|$/m);
  });

  it('is formatted as the formatter requires', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'report-test-'));
    const page = join(folder.path, 'page.md');
    await writeFile(page, `${report}\n`);
    const oxfmt = join(import.meta.dirname, '../../../node_modules/.bin/oxfmt');
    await promisify(execFile)(oxfmt, [page], { cwd: folder.path });
    expect(await readFile(page, 'utf8')).toBe(`${report}\n`);
  });
});
