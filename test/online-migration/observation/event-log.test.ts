import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { connect } from '../../support/database-client.ts';
import { PROJECT_ENVIRONMENT, runMikroOrm } from '../../support/event-project/commands.ts';
import { createMigratedDatabase } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';
import { describeInTerminal, inTerminal, shownLines } from '../../support/terminal.ts';

const ROWS = 30_000;
const PROJECT_FOLDER = join(import.meta.dirname, '../../..');

async function expandedDatabase(resources: AsyncDisposableStack): Promise<string> {
  const database = resources.use(await createMigratedDatabase('0002'));
  const client = resources.use(await connect(database.url));
  await insertEvents(client, ROWS);
  await client.rows(`alter table event disable trigger user`);
  await client.rows(`update event set at_new = null`);
  await client.rows(`alter table event enable always trigger "~sync_at_insert"`);
  await client.rows(`alter table event enable always trigger "~sync_at_update"`);
  return database.url;
}

describeInTerminal('in a terminal of 80 columns, the backfill', () => {
  it('shows a bar that is whole in the end, and every line by itself', async () => {
    await using resources = new AsyncDisposableStack();
    const url = await expandedDatabase(resources);
    const command = `${process.execPath} node_modules/@mikro-orm/cli/cli.js migration:up --to 0003`;
    const { stdout, status } = spawnSync('script', inTerminal(command), {
      cwd: PROJECT_FOLDER,
      encoding: 'utf8',
      env: {
        ...process.env,
        DATABASE_URL: url,
        ...PROJECT_ENVIRONMENT,
        NO_COLOR: '1',
        NODE_OPTIONS: '',
        TERM: 'xterm',
      },
    });
    expect(status).toBe(0);
    const lines = await shownLines(stdout);
    expect(lines.filter((line) => line.startsWith('backfill '))).toEqual([
      expect.stringMatching(/^backfill ={10} 100\.0 %, 30,000 rows, [\d,]+ rows\/s, 0 s left$/),
    ]);
    expect(lines.filter((line) => line.includes('30,000 rows in'))).toEqual([
      expect.stringMatching(/^\[migrator\] backfill: 30,000 rows in /),
    ]);
  });
});

it('elsewhere it writes plain lines', async () => {
  await using resources = new AsyncDisposableStack();
  const url = await expandedDatabase(resources);
  const { exitCode, output } = await runMikroOrm(url, 'migration:up', '--to', '0003');
  expect(exitCode).toBe(0);
  expect(output).not.toContain('\r');
  expect(output).not.toContain('\u001B');
  expect(output).toMatch(/^\[migrator\] backfill: 30,000 of 30,000 rows, 100\.0 %, /m);
});
