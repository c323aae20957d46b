import { execFile } from 'node:child_process';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { METHODS } from '../../../src/showcase/bench/methods/methods.ts';
import { benchReport } from '../../../src/showcase/bench/report/report.ts';
import { compareWithTargets } from '../../../src/showcase/bench/report/targets.ts';
import { exampleResult, withRuns } from './bench-result.ts';

/** The cells of the table's rows, without the separator below the headings. */
function tableAfter(report: string, heading: string): string[][] {
  const lines = sectionOf(report, heading)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  return lines
    .toSpliced(1, 1)
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

function sectionOf(report: string, heading: string): string {
  return report.split(/^### |^<summary>/m).find((text) => text.startsWith(heading))!;
}

describe('the report of the bench', () => {
  const report = benchReport(exampleResult());

  it('has every method in its order, and every column', () => {
    const [headings, ...rows] = tableAfter(report, '10,000,000 rows\n');
    expect(headings).toEqual([
      'method',
      's, as published',
      's, kept equal',
      's beside the API',
      'p99 × idle',
      'failed requests',
      'wrong rows',
      'longest batch ms',
      'WAL MB',
      'heap',
      'primary key',
    ]);
    const titles = METHODS.filter(({ name }) => name !== 'gitlab').map(({ title }) => title);
    expect(rows.map(([title]) => title)).toEqual(titles);
    const bySpeed = rows.map((cells) => cells.slice(1).join(' | '));
    expect(bySpeed[0]).toBe('(108.0) | 160.0 | 160.0 | 2.00× | 0 | 4,321 | 886 | 4,600 | 2.10× | 2.00×');
    expect(bySpeed[3]).toBe('15.0 | – | 15.0 | 2.00× | 0 | 0 | 886 | 4,600 | 2.10× | 2.00×');
    expect(bySpeed[5]).toBe('– | 480.0 | 480.0¹ | 2.00×¹ | 0¹ | 0¹ | 886 | 4,600 | 2.10× | 2.00×');
    expect(bySpeed[7]).toBe('– | 40.0 | 40.0 | 2.00× | 0 | 0 | 150 | 4,600 | 1.20× | 1.02×');
  });

  it('explains each mark once, and only the marks that it has', () => {
    const section = sectionOf(report, '10,000,000 rows\n');
    expect(section.match(/^In brackets: .* is lost\.$/gm)).toHaveLength(1);
    expect(section.match(/^¹ On 1,000,000 rows, .* with the idle API on 10,000,000 rows\.$/gm)).toHaveLength(
      1,
    );

    const result = exampleResult();
    const kept = result.runs.filter(({ rows, variant }) => rows !== 1_000_000 && variant === 'kept');
    const unmarked = sectionOf(benchReport({ ...result, runs: kept }), '10,000,000 rows\n');
    expect(unmarked).not.toMatch(/^In brackets/m);
    expect(unmarked).not.toContain('| (');
    expect(unmarked).not.toContain('¹');
  });

  it('has the brackets without runs beside the API, too', () => {
    const result = exampleResult();
    const alone = benchReport({ ...result, runs: result.runs.filter(({ api }) => api === null) });
    const published = tableAfter(alone, '10,000,000 rows\n').map((cells) => cells[1]);
    expect(published.slice(1, 6)).toEqual(['(108.0)', '(46.0)', '(54.0)', '15.0', '–']);
    expect(alone).toMatch(/^In brackets: /m);
  });

  it('tells directly below the table how its figures compare', () => {
    const section = sectionOf(report, '10,000,000 rows\n');
    expect(section).toMatch(
      /^Columns that name no variant .* Only `wrong rows` is of the method as published/m,
    );
    expect(section).toMatch(
      /^Each figure is of one run\. The engine commits .*, pgroll’s algorithm 1,000 times\. .* autovacuum /m,
    );
    expect(section).toMatch(
      /^`ALTER … TYPE` needs no trigger, .* fails only 10 s after it was due, .* fails none\.$/m,
    );
    const result = exampleResult();
    const others = result.runs.filter(({ process }) => process === null);
    expect(benchReport({ ...result, runs: others })).toMatch(/^Each figure is of one run\.$/m);
  });

  it('has the order of the methods', () => {
    expect(report).toContain(
      'Fastest first, without losing writes: `alter-type`, `engine-2`, `ranges-10000`, `engine-1`, `whole-table`, ' +
        '`pgroll`, `in-limit`, `online-migrations`.',
    );
  });

  it('has GitLab’s method beside the engine on the same rows', () => {
    const rows = tableAfter(report, '1,000,000 rows, for methods that take too long on more');
    expect(rows.slice(1).map((cells) => cells.slice(0, 5))).toEqual([
      ['GitLab’s batched migration', '–', '108.0', '108.0', '2.00×¹'],
      ['this project, 1 worker', '–', '6.0', '–', '–'],
      ['this project, 2 workers', '–', '4.0', '–', '–'],
    ]);
  });

  it('has the longest batch of the runs on its rows only', () => {
    const result = withRuns(({ method, rows }) =>
      method === 'online-migrations' && rows < 10_000_000 ? { longestBatchMs: 999 } : {},
    );
    const [, ...rows] = tableAfter(benchReport(result), '10,000,000 rows\n');
    expect(rows[5]![7]).toBe('886');
  });

  it('has no table of all rows if no method ran on them', () => {
    const result = exampleResult();
    const gitlab = benchReport({ ...result, runs: result.runs.filter(({ method }) => method === 'gitlab') });
    expect(gitlab).not.toContain('### 10,000,000 rows');
    expect(gitlab).not.toContain('Fastest first');
    expect(gitlab).not.toContain('The process of');
    const rows = tableAfter(gitlab, '1,000,000 rows, for methods');
    expect(rows.slice(1).map(([title]) => title)).toEqual(['GitLab’s batched migration']);
  });

  it('has the real pgroll, or tells that it was not there', () => {
    expect(sectionOf(report, 'The real pgroll, 10,000,000 rows')).toContain(
      '`pgroll version 1`, on two copies',
    );
    expect(tableAfter(report, 'The real pgroll')).toEqual([
      ['change', 'command', 'seconds', 'beside autovacuum'],
      ['to the new type', '`pgroll start`', '120.3', 'no'],
      ['to the new type', '`pgroll complete`', '1.0', 'yes'],
      ['there and back', '`pgroll rollback`', '0.5', 'no'],
    ]);
    expect(benchReport(exampleResult({ pgroll: null }))).toContain(
      'The real pgroll was not measured: no usable one was on the PATH.',
    );
  });

  it('has the circumstances', () => {
    expect(report).toContain(
      'on 2026-11-24 with `npm run bench -- --rows 10000000 --repetitions 3 --seed 7`, in 40 minutes.',
    );
    expect(report).toContain('Machine: 2 cores (Example 1), 8 GB of memory, linux 6.1 x64, Node 24.0.0.');
    expect(report).toContain('Database: PostgreSQL 18.4, shared_buffers = 256MB, autovacuum = on.');
    expect(report).toContain('can serve 1,600 requests a second here; the load is 800 a second over 32');
    expect(report).toContain('Without a migration, its p99 is 4.0 ms.');
  });

  it('has the processes of the engine', () => {
    const [headings, ...rows] = tableAfter(report, 'The process of');
    expect(headings!.slice(3)).toEqual(['backfill seconds', 'process seconds', 'peak memory MB']);
    expect(rows).toEqual([
      ['this project, 1 worker', '10,000,000', 'no', '60.0', '61.5', '120'],
      ['this project, 1 worker', '1,000,000', 'no', '6.0', '7.5', '120'],
      ['this project, 1 worker', '10,000,000', 'yes', '60.0', '61.5', '120'],
      ['this project, 2 workers', '10,000,000', 'no', '40.0', '41.5', '120'],
      ['this project, 2 workers', '1,000,000', 'no', '4.0', '5.5', '120'],
      ['this project, 2 workers', '10,000,000', 'yes', '40.0', '41.5', '120'],
    ]);
  });

  it('has the median and the maximum of each lock at both sizes', () => {
    expect(tableAfter(report, 'How long the phases hold')).toEqual([
      ['phase', '100,000 rows: median ms', 'max ms', '10,000,000 rows: median ms', 'max ms', 'times taken'],
      ['0002 expand', '10.0', '21.0', '10.0', '21.0', '3'],
      ['0004 enforce: set not null', '10.0', '21.0', '10.0', '21.0', '3'],
    ]);
  });

  it('tells for each target whether it was reached', () => {
    const [headings, ...rows] = tableAfter(report, 'Targets');
    expect(headings).toEqual(['target', 'wanted', 'reached']);
    expect(rows).toHaveLength(compareWithTargets(exampleResult()).length);
    expect(rows[0]!.slice(1)).toEqual(['≥ 4×', '4']);
    expect(report).toContain('The targets are for 10,000,000 rows on 2 cores.');
  });

  it('is formatted as the formatter requires', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'report-test-'));
    const page = join(folder.path, 'page.md');
    await writeFile(page, `${report}\n`);
    const oxfmt = join(import.meta.dirname, '../../../node_modules/.bin/oxfmt');
    await promisify(execFile)(oxfmt, [page], { cwd: folder.path });
    expect(await readFile(page, 'utf8')).toBe(`${report}\n`);
  });

  it('names the missing measurements', () => {
    const quick = withRuns((run) => ({
      process: run.process && { ...run.process, peakMemoryBytes: null },
    }));
    const some = benchReport({
      ...quick,
      isQuick: true,
      repetitions: 0,
      methods: ['engine-1'],
      runs: quick.runs.filter(({ method, api }) => method === 'engine-1' && api === null),
      locks: [],
    });
    expect(some).toContain('`npm run bench -- --quick --rows 10000000 --methods engine-1 --seed 7`');
    expect(some).not.toContain('ACCESS EXCLUSIVE\n');
    expect(tableAfter(some, '10,000,000 rows\n')[1]!.slice(1, 7)).toEqual(['–', '60.0', '–', '–', '–', '–']);
    expect(tableAfter(some, 'The process of').map((cells) => cells.at(-1))).toEqual([
      'peak memory MB',
      'not measured',
      'not measured',
    ]);
    expect(tableAfter(some, 'Targets')[1]!.slice(1)).toEqual(['≥ 4×', 'not measured']);
    expect(benchReport(exampleResult({ rows: 1_000_000 }))).toContain('; this run had 1,000,000 rows.');
  });
});
