import { describe, expect, it } from '@jest/globals';
import { isAlive } from '../../src/database/server-process.ts';
import { startCommand } from '../support/running-command.ts';

/**
 * A guard against a hang: a cycle that starts within the minute runs to its end, and other long tests run concurrently.
 */
const RUN_LIMIT_MS = 420_000;
const MIGRATIONS = ['up to 0002', 'up to 0006', 'down to 0005', 'down to 0001'];

describe('npm run soak', () => {
  it(
    'migrates up and down under the load of three API processes: no request fails, no write is lost or changed',
    async () => {
      await using command = await startCommand('soak', []);
      await command.printed(/up to 0002/);
      const serverPid = await command.serverPid();
      const { exitCode, stdout, stderr } = await command.ended;
      console.log(stdout);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      for (const migration of MIGRATIONS) expect(stdout).toContain(`\n${migration} `);
      expect(stdout).toMatch(/\n[\d,]+ requests over \d+ migrations: 0 failed, /);
      expect(stdout).toContain('at every stage that has both: 0 different.');
      expect(stdout).toMatch(
        /[\d,]{3,} acknowledged writes compared with every row: 0 missing, 0 different, 0 unexpected/,
      );
      expect(await command.leftovers()).toEqual([]);
      expect(await isAlive(serverPid)).toBe(false);
    },
    RUN_LIMIT_MS,
  );

  it.each([
    { options: ['--minutes', '0'], says: /^--minutes must be a whole number from 1 to 10080\./ },
    { options: ['--rows', 'many'], says: /^--rows must be a whole number from 1 to / },
    { options: ['--hours', '1'], says: /There is no option --hours\./ },
  ])('refuses $options', async ({ options, says }) => {
    await using command = await startCommand('soak', options);
    const { exitCode, stdout, stderr } = await command.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(says);
  });
});
