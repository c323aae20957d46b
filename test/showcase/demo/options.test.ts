import { expect, it } from '@jest/globals';
import { startCommand } from '../../support/running-command.ts';

it('npm run demo -- --help prints the options', async () => {
  await using command = await startCommand('demo', ['--help']);
  expect(await command.ended).toEqual({
    exitCode: 0,
    stdout:
      'Usage: npm run demo -- [--rows <number>] [--seed <number>] [--json <file>] [--report <file>] [--scenario <name>]\n',
    stderr: '',
  });
});
