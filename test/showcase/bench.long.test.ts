import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isAlive } from '../../src/database/server-process.ts';
import { startCommand } from '../support/running-command.ts';
import { writePgroll } from './bench/fake-pgroll.ts';

/** The whole benchmark with its pauses, on a busy machine. */
const WHOLE_BENCH_LIMIT_MS = 360_000;
const PART_LIMIT_MS = 120_000;
/** More rows than a machine seeds before the signal comes, and fewer than a disk has room for. */
const MANY_ROWS = '20000000';
const PAGE = `# Page

<!-- \`npm run bench -- --markdown\` writes from here … -->
<!-- … to here. -->
`;

const summary = {
  requests: expect.any(Number),
  failed: 0,
  p50Ms: expect.any(Number),
  p99Ms: expect.any(Number),
  maxMs: expect.any(Number),
  failures: [],
};
const run = {
  seconds: expect.any(Number),
  batches: expect.any(Number),
  longestBatchMs: expect.any(Number),
  walBytes: expect.any(Number),
  heapGrowth: expect.any(Number),
  indexGrowth: expect.any(Number),
};
const unloaded = { ...run, api: null, ledger: { acknowledged: 0, missing: 0, different: 0, unexpected: 0 } };
const loaded = { ...run, api: summary };
const engineProcess = { process: { seconds: expect.any(Number) } };

describe('npm run bench', () => {
  it(
    'measures the given methods, reports them in Markdown and in JSON, and leaves nothing behind',
    async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'bench-test-'));
      const json = join(folder.path, 'bench.json');
      const markdown = join(folder.path, 'page.md');
      const picture = join(folder.path, 'bench.svg');
      const pgroll = await writePgroll(folder.path);
      await writeFile(markdown, PAGE);
      const words = [
        '--rows',
        '20000',
        '--methods',
        'engine-1,in-limit',
        '--repetitions',
        '1',
        '--seed',
        '7',
      ];
      const files = ['--pgroll', pgroll, '--json', json, '--markdown', markdown, '--picture', picture];
      await using command = await startCommand('bench', [...words, ...files]);
      await command.printed(/capacity of the API … \d/);
      const serverPid = await command.serverPid();
      const { exitCode, stdout, stderr } = await command.ended;
      expect({ exitCode, stderr }).toEqual({
        exitCode: 0,
        stderr: expect.stringContaining('pass --seed 7.'),
      });
      expect(stderr).toMatch(/Estimated duration: .*minute/);
      expect(stderr.match(/^\d+ of 14: .+ … .+$/gm)).toHaveLength(14);

      const content = await readFile(json, 'utf8');
      const result = JSON.parse(content) as {
        runs: { method: string; variant: string; api: object | null }[];
      };
      const byLoadAndName = result.runs.toSorted(
        (one, other) =>
          Number(one.api !== null) - Number(other.api !== null) ||
          one.method.localeCompare(other.method) ||
          one.variant.localeCompare(other.variant),
      );
      const rows = 20_000;
      const rightRows = { missing: 0, different: 0, unexpected: 0 };
      expect({ ...result, runs: byLoadAndName }).toMatchObject({
        rows,
        methods: ['in-limit', 'engine-1'],
        isQuick: false,
        repetitions: 1,
        seed: 7,
        began: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        seconds: expect.any(Number),
        machine: { cores: expect.any(Number), processor: expect.any(String), postgres: expect.any(String) },
        settings: { autovacuum: 'on', fsync: 'on', shared_buffers: '256MB' },
        load: {
          capacityPerSecond: expect.any(Number),
          requestsPerSecond: expect.any(Number),
          connections: 32,
        },
        idle: summary,
        runs: [
          { method: 'engine-1', variant: 'kept', rows, ...unloaded, ...engineProcess },
          { method: 'in-limit', variant: 'kept', rows, ...unloaded, process: null, batches: 3 },
          { method: 'in-limit', variant: 'published', rows, ...unloaded, process: null, batches: 3 },
          { method: 'engine-1', variant: 'kept', rows, ...loaded, ...engineProcess, ledger: rightRows },
          { method: 'in-limit', variant: 'kept', rows, ...loaded, process: null, ledger: rightRows },
          { method: 'in-limit', variant: 'published', rows, ...loaded, process: null },
        ],
        pgroll: {
          version: 'pgroll version test',
          rows,
          completed: ['init', 'baseline', 'start', 'complete'].map((name) => ({ command: name })),
          rolledBack: ['init', 'baseline', 'start', 'rollback'].map((name) => ({ command: name })),
        },
        locks: [200, 20_000].flatMap((some) =>
          ['0002', '0004', '0004', '0005', '0005', '0006'].map((migration) => ({
            rows: some,
            migration,
            purpose: expect.any(String),
            heldMs: [expect.any(Number)],
          })),
        ),
      });

      const page = await readFile(markdown, 'utf8');
      expect(page.startsWith(PAGE.split('\n', 3).join('\n'))).toBe(true);
      expect(page).toContain(stdout.trim());
      expect(stdout).toContain('--rows 20000 --methods in-limit,engine-1 --repetitions 1 --seed 7');
      expect(stdout.match(/^\| (`IN|this project)/gm)).toHaveLength(4);
      expect(await readFile(picture, 'utf8')).toMatch(/^<svg .*<\/svg>\n$/s);
      expect(stdout + stderr + content).not.toMatch(/postgres(ql)?:|password/);
      expect(await command.leftovers()).toEqual([]);
      expect(await isAlive(serverPid)).toBe(false);
    },
    WHOLE_BENCH_LIMIT_MS,
  );

  it.each([
    { moment: 'it seeds', printed: /seed 20,000,000/, signal: 'SIGINT', exitCode: 130, rows: MANY_ROWS },
    {
      moment: 'the API is under load',
      printed: /capacity of the API …/,
      signal: 'SIGTERM',
      exitCode: 143,
      rows: '1000',
    },
  ] as const)(
    'leaves nothing behind after a $signal while $moment',
    async ({ printed, signal, exitCode, rows }) => {
      await using command = await startCommand('bench', [
        '--rows',
        rows,
        '--methods',
        'online-migrations,engine-2',
      ]);
      await command.printed(printed);
      // A terminal signals the whole group, and npm forwards the signal again.
      command.kill(signal, 'group');
      command.kill(signal, 'process');
      expect(await command.ended).toMatchObject({
        exitCode,
        stdout: '',
        stderr: expect.stringMatching(new RegExp(`\\nInterrupted \\(${signal}\\)\\.\\n$`)),
      });
      expect(await command.leftovers()).toEqual([]);
    },
    PART_LIMIT_MS,
  );

  it('reports all invalid options before it starts anything', async () => {
    const words = ['--rows', '999', '--methods', 'in-limit,fast', '--repetitions', '0', '--load'];
    await using command = await startCommand('bench', words);
    const { exitCode, stdout, stderr } = await command.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    const names =
      'in-limit, ranges-10000, whole-table, alter-type, pgroll, online-migrations, gitlab, engine-1, engine-2';
    expect(stderr.split('\n').slice(0, 4)).toEqual([
      expect.stringMatching(/^--rows must be a whole number from 1000 to \d+\.$/),
      `--methods must be one or more of ${names}, with commas between them.`,
      '--repetitions must be a whole number from 1 to 100.',
      'There is no option --load.',
    ]);
    expect(stderr).toMatch(/\nUsage: npm run bench -- /);
  });

  it.each([
    [['--json', tmpdir()], `--json ${tmpdir()} cannot be written: name a file in a folder of yours.`],
    [['--markdown', 'no/such/page.md'], '--markdown no/such/page.md cannot be read: name an existing page.'],
    [['--picture', tmpdir()], `--picture ${tmpdir()} cannot be written: name a file in a folder of yours.`],
    [['--pgroll', tmpdir()], `--pgroll ${tmpdir()} cannot be run: name the path of pgroll.`],
    [['--pgroll', 'package.json'], '--pgroll package.json cannot be run: name the path of pgroll.'],
    [
      ['--markdown', 'package.json'],
      '--markdown package.json has no section of bench: mark one as docs/benchmarks.md does.',
    ],
  ])('refuses %j, before anything is started', async (words, sentence) => {
    await using command = await startCommand('bench', words);
    expect(await command.ended).toEqual({ exitCode: 1, stdout: '', stderr: `${sentence}\n` });
  });
});
