import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isAlive } from '../../src/database/server-process.ts';
import { startCommand } from '../support/running-command.ts';

/** The whole demo with its pauses, on a busy machine. */
const WHOLE_DEMO_LIMIT_MS = 240_000;
const CLIENTS = 8;
const PART_LIMIT_MS = 120_000;
/** Longest line of output. */
const MOST_COLUMNS = 100;
/** More rows than any machine seeds during a test. */
const ENDLESS = '10000000000';

const measurements = {
  name: expect.any(String),
  seconds: expect.any(Number),
  requests: expect.any(Number),
  failed: 0,
  p50Ms: expect.any(Number),
  p99Ms: expect.any(Number),
  maxMs: expect.any(Number),
};

interface WayNumbers {
  steps: { name: string; requests: number; failed: number; p50Ms: number; p99Ms: number; maxMs: number }[];
  total: { failed: number };
  ledger: { acknowledged: number; different: number };
  timeline: { pieces: { served: number; failed: number }[] };
}

/** The failed requests shown in a chart. */
const failedOf = (chart: string) =>
  [...chart.matchAll(/data-failed="(\d+)"/g)].reduce((sum, [, count]) => sum + Number(count), 0);

describe('npm run demo', () => {
  it(
    'measures the three ways, with an intact ledger for the safe one, and leaves nothing behind',
    async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'demo-test-'));
      const [json, report] = [join(folder.path, 'demo.json'), join(folder.path, 'report.html')];
      await using command = await startCommand('demo', [
        '--rows',
        '2000',
        '--seed',
        '7',
        '--json',
        json,
        '--report',
        report,
      ]);
      await command.printed(/0003 backfill/);
      const serverPid = await command.serverPid();
      const { exitCode, stdout, stderr } = await command.ended;
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout).toContain('pass --seed 7.');
      expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(MOST_COLUMNS);

      const content = await readFile(json, 'utf8');
      const result = JSON.parse(content) as Record<'safe' | 'recipe' | 'direct', WayNumbers>;
      const { safe, recipe, direct } = result;
      expect(result).toMatchObject({
        safe: {
          steps: Array.from({ length: 6 }, () => measurements),
          ledger: { missing: 0, different: 0, unexpected: 0 },
        },
        direct: { ledger: { missing: 0, different: 0, unexpected: 0 } },
        rows: 2_000,
        seed: 7,
      });
      expect(safe.steps.map(({ name }) => name)).toEqual([
        'idle',
        '0002 expand',
        '0003 backfill',
        '0004 enforce',
        '0005 contract',
        '0006 rename',
      ]);
      for (const { requests, p50Ms, p99Ms, maxMs } of safe.steps) {
        expect(requests).toBeGreaterThan(0);
        expect(p50Ms).toBeGreaterThan(0);
        expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
        expect(maxMs).toBeGreaterThanOrEqual(p99Ms);
      }
      expect(safe.ledger.acknowledged).toBeGreaterThan(0);
      // Without a trigger, writes behind a batch are lost, and in the end the old application fails.
      expect(recipe.ledger.different).toBeGreaterThan(0);
      expect(recipe.total.failed).toBeGreaterThan(0);

      const page = await readFile(report, 'utf8');
      const points = [...page.matchAll(/data-points="(\d+)"/g)].map(([, count]) => Number(count));
      expect(points).toEqual([safe, recipe, direct].map(({ timeline }) => timeline.pieces.length));
      const [safeChart = '', recipeChart = ''] = page.split('<section>').slice(1);
      expect(failedOf(safeChart)).toBe(0);
      expect(failedOf(recipeChart)).toBe(recipe.steps.reduce((sum, { failed }) => sum + failed, 0));
      for (const { timeline, steps } of [safe, recipe, direct]) {
        const answered = timeline.pieces.reduce((sum, { served, failed }) => sum + served + failed, 0);
        const requests = steps.reduce((sum, step) => sum + step.requests, 0);
        // Requests in flight at the start are counted in only one of the two.
        expect(Math.abs(answered - requests)).toBeLessThanOrEqual(CLIENTS);
      }

      expect(stdout + content + page).not.toMatch(/postgres(ql)?:|password/);
      expect(await command.leftovers()).toEqual([]);
      expect(await isAlive(serverPid)).toBe(false);
    },
    WHOLE_DEMO_LIMIT_MS,
  );

  it.each([
    { moment: 'PostgreSQL starts', printed: /start PostgreSQL/, signal: 'SIGTERM', exitCode: 143 },
    { moment: 'PostgreSQL starts', printed: /start PostgreSQL/, signal: 'SIGINT', exitCode: 130 },
    { moment: 'a migration starts', printed: /0001 create/, signal: 'SIGTERM', exitCode: 143 },
    { moment: 'it seeds', printed: /seed 10,/, signal: 'SIGINT', exitCode: 130, rows: ENDLESS },
    { moment: 'the load runs', printed: /0002 expand/, signal: 'SIGHUP', exitCode: 129 },
  ] as const)(
    'leaves nothing behind after a $signal while $moment',
    async ({ printed, signal, exitCode, ...options }) => {
      const rows = 'rows' in options ? options.rows : '1000';
      await using command = await startCommand('demo', ['--rows', rows]);
      await command.printed(printed);
      // A terminal signals the whole group, and npm forwards the signal again.
      command.kill(signal, 'group');
      command.kill(signal, 'process');
      expect(await command.ended).toMatchObject({ exitCode, stderr: `Interrupted (${signal}).\n` });
      expect(await command.leftovers()).toEqual([]);
    },
    PART_LIMIT_MS,
  );

  it(
    'ends, and leaves nothing behind, if its output pipe is closed',
    async () => {
      await using command = await startCommand('demo', ['--rows', '1000']);
      await command.printed(/0001 create/);
      const serverPid = await command.serverPid();
      command.stdout.destroy();
      expect(await command.ended).toMatchObject({
        exitCode: 141,
        stderr: 'Interrupted: the output pipe is closed.\n',
      });
      expect(await command.leftovers()).toEqual([]);
      expect(await isAlive(serverPid)).toBe(false);
    },
    PART_LIMIT_MS,
  );

  it.each(['--json', '--report'])(
    'refuses a file of %s that it cannot write before it begins',
    async (option) => {
      await using command = await startCommand('demo', [option, tmpdir()]);
      expect(await command.ended).toEqual({
        exitCode: 1,
        stdout: '',
        stderr: `${option} ${tmpdir()} cannot be written: name a file in a folder of yours.\n`,
      });
    },
  );
});
