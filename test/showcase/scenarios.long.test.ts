import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SCENARIOS } from '../../src/showcase/scenarios/scenarios.ts';
import { startCommand } from '../support/running-command.ts';

const LIMIT_MS = 180_000;

describe('npm run demo -- --scenario', () => {
  it.each(Object.keys(SCENARIOS))(
    '%s: no request fails and no write is lost by the safe steps',
    async (scenario) => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'scenario-'));
      const json = join(folder.path, 'result.json');
      await using command = await startCommand('demo', [
        '--scenario',
        scenario,
        '--rows',
        '50000',
        '--json',
        json,
      ]);
      const { exitCode, stdout, stderr } = await command.ended;
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout).toContain('The steps of the safe way:');
      expect(JSON.parse(await readFile(json, 'utf8'))).toMatchObject({
        scenario,
        safe: {
          total: { failed: 0 },
          ledger: { missing: 0, different: 0, unexpected: 0 },
        },
        asWritten: { total: { requests: expect.any(Number) } },
      });
      expect(await command.leftovers()).toEqual([]);
    },
    LIMIT_MS,
  );
});
