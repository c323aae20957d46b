import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const COMMANDS = join(import.meta.dirname, '../../src/command-line');

describe.each(['db-stop', 'db-reset'])('%s', (name) => {
  it('do not touch the database of DATABASE_URL', async () => {
    const env = { ...process.env, DATABASE_URL: 'postgresql://app:s3cret@db.example/app' };
    const run = promisify(execFile)(process.execPath, [join(COMMANDS, `${name}.ts`)], { env });
    await expect(run).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^DATABASE_URL is set, and .* only the embedded PostgreSQL: unset it to do that\.\n$/,
      ),
    });
  });

  it('report an invalid environment', async () => {
    const env = { ...process.env, PORT: 'none' };
    const run = promisify(execFile)(process.execPath, [join(COMMANDS, `${name}.ts`)], { env });
    await expect(run).rejects.toMatchObject({
      code: 1,
      stderr: 'PORT must be a whole number from 0 to 65535.\n',
    });
  });
});
