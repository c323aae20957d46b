import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createRole } from '../../support/roles.ts';
import { createMigratedDatabase } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';
import { describeInTerminal, inTerminal, shownLines } from '../../support/terminal.ts';
import type { TestDatabase } from '../../support/test-server.ts';
import { CONFIG } from '../../support/event-project/commands.ts';
import { startCommand } from '../../support/running-command.ts';

const PROJECT_FOLDER = join(import.meta.dirname, '../../..');

const resources = new AsyncDisposableStack();
let database: TestDatabase;
let client: DatabaseClient;

beforeAll(async () => {
  database = resources.use(await createMigratedDatabase('0001'));
  client = resources.use(await connect(database.url));
  await insertEvents(client, 100);
});
afterAll(() => resources.disposeAsync());

describeInTerminal('npx online-migration preflight in a terminal', () => {
  it('shows how much of the table it has read, and then what it found', async () => {
    const { stdout } = spawnSync(
      'script',
      inTerminal(
        `${process.execPath} src/online-migration/cli/online-migration.ts preflight ${CONFIG.join(' ')}`,
      ),
      {
        cwd: PROJECT_FOLDER,
        encoding: 'utf8',
        env: { ...process.env, DATABASE_URL: database.url, NO_COLOR: '1', NODE_OPTIONS: '', TERM: 'xterm' },
      },
    );
    const lines = await shownLines(stdout);
    const bar = lines.findIndex((line) => line.includes('100 %, 100 of 100 rows'));
    expect(bar).toBeGreaterThan(-1);
    expect(lines[bar + 1]).toBe('Values of at:');
    expect(lines[bar + 2]).toBe('100 rows convert, and the way back gives the same text');
  });
});

describe('npx online-migration preflight', () => {
  it('says that all is well, and exits with 0', async () => {
    await using command = await startCommand('preflight', [...CONFIG], {
      env: { DATABASE_URL: database.url },
    });
    const { exitCode, stdout } = await command.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('100 rows convert, and the way back gives the same text');
    expect(stdout).toMatch(/\nReady: nothing stops this change\.\n$/);
  });

  it('shows what will not convert, and exits with 1', async () => {
    await client.rows(`update event set at = 'yesterday' where id in (7, 9)`);
    await using command = await startCommand('preflight', [...CONFIG], {
      env: { DATABASE_URL: database.url },
    });
    const { exitCode, stdout } = await command.ended;
    expect(exitCode).toBe(1);
    expect(stdout).toContain('2 rows do not convert: correct them before they are enforced');
    expect(stdout).not.toContain('Ready');
    expect(stdout).toContain('2 like "aaaaaaaaa": id 7: "yesterday", id 9: "yesterday"');
  });

  it('names what is in the way, checks the values nevertheless, and exits with 1', async () => {
    await client.rows(
      `create view early as select id from event where at < '2024'; create table kept (was early)`,
    );
    await using command = await startCommand('preflight', [...CONFIG], {
      env: { DATABASE_URL: database.url },
    });
    const { exitCode, stdout } = await command.ended;
    await client.rows(`drop table kept; drop view early`);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      'In the way: The view public.early cannot go over by itself: column was of table public.kept depends on it',
    );
    expect(stdout).toContain('2 rows do not convert: correct them before they are enforced');
    expect(stdout).not.toContain('Ready');
  });

  it('--json prints the obstacles with their codes, and nothing else', async () => {
    await client.rows(
      `create view early as select id from event where at < '2024'; create table kept (was early)`,
    );
    await using command = await startCommand('preflight', [...CONFIG, '--json'], {
      env: { DATABASE_URL: database.url },
    });
    const { exitCode, stdout } = await command.ended;
    await client.rows(`drop table kept; drop view early`);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      stage: 'initial',
      obstacles: [
        {
          code: 'VIEW_NOT_CARRIED',
          message: expect.stringContaining('The view public.early cannot go over by itself'),
          details: { view: 'public.early', reason: 'column was of table public.kept depends on it' },
        },
      ],
      areValuesChecked: true,
      values: [
        { valueClass: 'reject', rows: 2 },
        { valueClass: 'rebuildable', rows: 98 },
      ],
      isReady: false,
      checklist: expect.arrayContaining([expect.stringContaining('Programs that use at')]),
    });
  });

  it('names what came in the way since expand', async () => {
    await using migrated = await createMigratedDatabase('0002');
    await using other = await connect(migrated.url);
    await other.rows(
      `create view early as select id from event where at < '2024'; create table kept (was early)`,
    );
    await using command = await startCommand('preflight', [...CONFIG], {
      env: { DATABASE_URL: migrated.url },
    });
    const { exitCode, stdout } = await command.ended;
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      'In the way: The view public.early cannot go over by itself: column was of table public.kept depends on it',
    );
  });

  it('does not call a table empty of which a policy hides the rows', async () => {
    await using migrated = await createMigratedDatabase('0001');
    await using role = await createRole(migrated.url);
    await using owner = await connect(migrated.url);
    await insertEvents(owner, 3);
    await owner.rows(`
      grant usage on schema public to ${role.name}; alter table event owner to ${role.name};
      alter table event enable row level security, force row level security`);
    await using command = await startCommand('preflight', [...CONFIG], { env: { DATABASE_URL: role.url } });
    const { exitCode, stdout } = await command.ended;
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      `In the way: Row level security can hide rows of public.event from ${role.name}`,
    );
    expect(stdout).not.toContain('empty');
    expect(stdout).toContain('The values were not checked yet.');
  });

  it.each([
    ['may read it', '', '3 rows convert'],
    ['may not read it', 'revoke select on event from', 'The values were not checked yet.'],
  ])('gives a role that does not own the table one reason, if it %s', async (_, revoke, values) => {
    await using migrated = await createMigratedDatabase('0001');
    await using role = await createRole(migrated.url);
    await using owner = await connect(migrated.url);
    await insertEvents(owner, 3);
    await owner.rows(`grant usage on schema public to ${role.name}; grant all on event to ${role.name}`);
    await owner.rows(`grant create on database ${new URL(migrated.url).pathname.slice(1)} to ${role.name}`);
    if (revoke !== '') await owner.rows(`${revoke} ${role.name}`);
    await using command = await startCommand('preflight', [...CONFIG], { env: { DATABASE_URL: role.url } });
    const { exitCode, stdout } = await command.ended;
    expect(exitCode).toBe(1);
    expect(stdout.match(/^In the way: .*$/gm)).toEqual([
      expect.stringMatching(/public\.event has to be altered, and .* does not own it: `grant \w+ to /),
    ]);
    expect(stdout).toContain(values);
  });

  it('calls an empty table empty', async () => {
    await using migrated = await createMigratedDatabase('0001');
    await using command = await startCommand('preflight', [...CONFIG], {
      env: { DATABASE_URL: migrated.url },
    });
    const { exitCode, stdout } = await command.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('The table is empty');
    expect(stdout).toContain(
      'Only people can check:\n  Programs that use at and do not follow the active column: they fail from contract on.\n',
    );
  });

  it('says which changes there are where it is told another', async () => {
    await using command = await startCommand('preflight', [...CONFIG, 'orders.total'], {
      env: { DATABASE_URL: database.url },
    });
    const { exitCode, stderr } = await command.ended;
    expect(exitCode).toBe(1);
    const [config, file] = CONFIG;
    expect(stderr).toBe(
      `There is no column change orders.total. ${file} lists: public.event.at. Name one after the command: ` +
        `\`npx online-migration preflight public.event.at ${config} ${file}\`.\nError code: CHANGE_UNKNOWN\n`,
    );
  });

  it('says in a sentence that there is no table', async () => {
    await client.rows(`drop table event`);
    await using command = await startCommand('preflight', [...CONFIG], {
      env: { DATABASE_URL: database.url },
    });
    const { exitCode, stderr } = await command.ended;
    expect(exitCode).toBe(1);
    expect(stderr).toContain('event" does not exist: run the migration that creates it');
    expect(stderr).toMatch(/\nError code: TABLE_NOT_READY\n$/);
  });
});
