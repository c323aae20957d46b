import { mkdir, mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isAlive } from '../../src/database/server-process.ts';
import type { SuiteResult } from '../../src/showcase/bench-large/large-result.ts';
import { startCommand } from '../support/running-command.ts';
import { NO_GROUP_REASON } from './bench-large/in-memory-group.ts';

/** One or two suites with their pauses, on a busy machine. */
const SUITES_LIMIT_MS = 480_000;
const PART_LIMIT_MS = 120_000;
const PAGE = `# Page

<!-- \`npm run bench:large -- --markdown\` writes from here … -->
<!-- … to here. -->
`;
const GROUP = /^online-migration-bench\.(\d+)$/;

const number = expect.any(Number);
/** A busy machine may not answer the load in time. */
const summary = { requests: number, failed: number, p50Ms: number, p99Ms: number, maxMs: number };
const ledger = { missing: 0, different: 0, unexpected: 0 };
const run = { seconds: number, longestBatchMs: number, walBytes: number, heapGrowth: number, ledger };

/** The memory groups whose command has ended. */
async function leftGroups(): Promise<string[]> {
  const parents = ['/sys/fs/cgroup', '/sys/fs/cgroup/memory'];
  const names = await Promise.all(parents.map((parent) => readdir(parent).catch(() => [])));
  const left = [];
  for (const name of names.flat()) {
    const pid = GROUP.exec(name)?.[1];
    if (pid !== undefined && !(await isAlive(Number(pid)))) left.push(name);
  }
  return left;
}

describe('npm run bench:large', () => {
  it(
    'measures the given tables, reports them in Markdown and in JSON, and leaves nothing behind',
    async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'bench-large-test-'));
      const json = join(folder.path, 'large.json');
      const markdown = join(folder.path, 'page.md');
      await writeFile(markdown, PAGE);
      const words = [
        '--rows',
        '20000',
        '--suites',
        'rows-of-30kb,larger-than-memory',
        '--workers',
        '2',
        '--seed',
        '7',
      ];
      await using command = await startCommand('bench:large', [
        ...words,
        '--json',
        json,
        '--markdown',
        markdown,
      ]);
      const { exitCode, stdout, stderr } = await command.ended;
      expect({ exitCode, stderr }).toEqual({
        exitCode: 0,
        stderr: expect.stringMatching(/pass --seed 7\.\nEstimated duration: \d+ minutes .*disk space: \d/),
      });
      expect(stderr.match(/^\d+ of 10: .+ … .+$/gm)).toHaveLength(10);
      expect(stderr.includes('THE MEMORY IS NOT LIMITED')).toBe(NO_GROUP_REASON !== null);
      expect(stderr.includes('THE TABLE IS TOO SMALL')).toBe(NO_GROUP_REASON === null);

      const content = await readFile(json, 'utf8');
      const load = { capacityPerSecond: number, requestsPerSecond: number, connections: 32 };
      const sequential = { readBytes: number, writtenBytes: number, seconds: number };
      const measured = {
        load,
        idle: summary,
        alone: { ...run, method: 'engine-2', api: null },
        checkpointSeconds: number,
        io: { readBytes: number, writtenBytes: number },
        sequential,
        noCopyReason: null,
        loaded: { ...run, method: 'engine-2', api: summary },
        targets: Array(6).fill({ wanted: expect.any(String) }),
      };
      expect(JSON.parse(content)).toMatchObject({
        rows: 20_000,
        workers: 2,
        seed: 7,
        began: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        seconds: number,
        machine: { cores: number, postgres: expect.any(String) },
        settings: { max_wal_size: '4GB', min_wal_size: '4GB', fsync: 'on' },
        suites: [
          {
            suite: 'larger-than-memory',
            rows: 20_000,
            toastBytes: 0,
            memory: {
              limitBytes: NO_GROUP_REASON === null ? number : null,
              notLimitedReason: NO_GROUP_REASON,
            },
            ...measured,
          },
          {
            suite: 'rows-of-30kb',
            rows: 200,
            memory: { limitBytes: null, notLimitedReason: null },
            ...measured,
          },
        ],
      });
      const [narrow, wide] = (JSON.parse(content) as { suites: SuiteResult[] }).suites;
      expect(narrow!.heapBytes / 20_000).toBeGreaterThan(60);
      // The checkpoint at the end writes each page.
      expect(narrow!.io.writtenBytes).toBeGreaterThan(narrow!.heapBytes);
      const { limitBytes, peakBytes } = narrow!.memory;
      // Null if there is no group, or a kernel that does not measure it.
      expect(peakBytes ?? 0).toBeLessThanOrEqual(limitBytes ?? 0);
      expect(wide!.toastBytes / 200).toBeGreaterThan(30_000);
      expect(wide!.heapBytes / 200).toBeLessThan(200);

      const page = await readFile(markdown, 'utf8');
      expect(page.startsWith(PAGE.split('\n', 3).join('\n'))).toBe(true);
      expect(page).toContain(stdout.trim());
      expect(stdout).toContain('--rows 20000 --suites larger-than-memory,rows-of-30kb --workers 2 --seed 7');
      expect(stdout + stderr + content).not.toMatch(/postgres(ql)?:|password/);
      expect(await command.leftovers()).toEqual([]);
      expect(await leftGroups()).toEqual([]);
    },
    SUITES_LIMIT_MS,
  );

  it(
    'leaves nothing behind after a signal',
    async () => {
      await using command = await startCommand('bench:large', ['--rows', '10000', '--suites', 'rows-of-1kb']);
      await command.printed(/capacity of the API …/);
      // A terminal signals the whole group, and npm forwards the signal again.
      command.kill('SIGINT', 'group');
      command.kill('SIGINT', 'process');
      expect(await command.ended).toMatchObject({
        exitCode: 130,
        stdout: '',
        stderr: expect.stringMatching(/\nInterrupted \(SIGINT\)\.\n$/),
      });
      expect(await command.leftovers()).toEqual([]);
      expect(await leftGroups()).toEqual([]);
    },
    PART_LIMIT_MS,
  );

  it(
    'prints its report, even if the file of --json cannot be written at the end',
    async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'bench-large-test-'));
      const json = join(folder.path, 'large.json');
      const words = ['--rows', '10000', '--suites', 'rows-of-1kb', '--json', json];
      await using command = await startCommand('bench:large', words);
      await command.printed(/capacity of the API …/);
      await mkdir(json);
      const { exitCode, stdout, stderr } = await command.ended;
      expect({ exitCode, stdout }).toEqual({
        exitCode: 1,
        stdout: expect.stringMatching(/^\| rows of 1 kB /m),
      });
      expect(stderr).toContain(`\n${json} was not written: EISDIR`);
    },
    SUITES_LIMIT_MS,
  );

  it('reports all invalid options before it starts anything', async () => {
    const words = ['--rows', '9999', '--suites', 'rows-of-1kb,wide', '--workers', '3', '--load'];
    await using command = await startCommand('bench:large', words);
    const { exitCode, stdout, stderr } = await command.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr.split('\n').slice(0, 4)).toEqual([
      expect.stringMatching(/^--rows must be a whole number from 10000 to \d+\.$/),
      '--suites must be one or more of larger-than-memory, rows-of-1kb, rows-of-30kb, with commas between them.',
      '--workers must be a whole number from 1 to 2.',
      'There is no option --load.',
    ]);
    expect(stderr).toMatch(/\nUsage: npm run bench:large -- /);
  });

  it.each([
    [['--json', tmpdir()], `--json ${tmpdir()} cannot be written: name a file in a folder of yours.`],
    [['--markdown', 'no/such/page.md'], '--markdown no/such/page.md cannot be read: name an existing page.'],
    [
      ['--markdown', 'package.json'],
      '--markdown package.json has no section of bench:large: mark one as docs/benchmarks.md does.',
    ],
  ])('refuses %j, before anything is started', async (words, sentence) => {
    await using command = await startCommand('bench:large', words);
    expect(await command.ended).toEqual({ exitCode: 1, stdout: '', stderr: `${sentence}\n` });
  });

  it('refuses a table for which the disk has no room', async () => {
    await using command = await startCommand('bench:large', ['--rows', '200000000000']);
    const { exitCode, stdout, stderr } = await command.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(
      /\n\S+ has [\d.]+ GB free, and this needs about \d+\.\d GB: pass fewer --rows, or set TMPDIR to a folder on a larger disk that the user of PostgreSQL can enter\.\n$/,
    );
  });
});
