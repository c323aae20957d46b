import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createRole } from '../../support/roles.ts';
import { createMigratedDatabase } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { describeInTerminal, inTerminal, shownLines } from '../../support/terminal.ts';
import type { TestDatabase } from '../../support/test-server.ts';
import { startCommand } from '../../support/running-command.ts';

const PROJECT_FOLDER = join(import.meta.dirname, '../../..');

const resources = new AsyncDisposableStack();
let database: TestDatabase;
let client: DatabaseClient;

beforeAll(async () => {
  database = resources.use(await createMigratedDatabase('0001'));
  client = resources.use(await connect(database.url));
  await insertRows(client, 100);
});
afterAll(() => resources.disposeAsync());

describeInTerminal('npx online-migration preflight in a terminal', () => {
  it('shows how much of the table it has read, and then what it found', async () => {
    const { stdout } = spawnSync(
      'script',
      inTerminal(`${process.execPath} src/online-migration/cli/online-migration.ts preflight`),
      {
        cwd: PROJECT_FOLDER,
        encoding: 'utf8',
        env: { ...process.env, DATABASE_URL: database.url, NO_COLOR: '1', NODE_OPTIONS: '', TERM: 'xterm' },
      },
    );
    const lines = await shownLines(stdout);
    const bar = lines.findIndex((line) => line.includes('100 %, 100 of 100 rows'));
    expect(bar).toBeGreaterThan(-1);
    expect(lines[bar + 1]).toBe('Values of created_at:');
    expect(lines[bar + 2]).toBe('100 rows convert, and the way back gives the same text');
  });
});

describe('npx online-migration preflight', () => {
  it('says that all is well, and exits with 0', async () => {
    await using command = await startCommand('preflight', [], { env: { DATABASE_URL: database.url } });
    const { exitCode, stdout } = await command.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('100 rows convert, and the way back gives the same text');
  });

  it('shows what will not convert, and exits with 1', async () => {
    await client.rows(`update large_record set created_at = 'yesterday' where id in (7, 9)`);
    await using command = await startCommand('preflight', [], { env: { DATABASE_URL: database.url } });
    const { exitCode, stdout } = await command.ended;
    expect(exitCode).toBe(1);
    expect(stdout).toContain('2 rows do not convert: correct them before they are enforced');
    expect(stdout).toContain('2 like "aaaaaaaaa": id 7: "yesterday", id 9: "yesterday"');
  });

  it('names what is in the way before it looks at any value, and exits with 1', async () => {
    await client.rows(`create view early as select id from large_record where created_at < '2024'`);
    await using command = await startCommand('preflight', [], { env: { DATABASE_URL: database.url } });
    const { exitCode, stdout } = await command.ended;
    await client.rows(`drop view early`);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('In the way: rule _RETURN on view early depends on created_at');
    expect(stdout).not.toContain('convert');
  });

  it('--json prints the obstacles with their codes, and nothing else', async () => {
    await client.rows(`create view early as select id from large_record where created_at < '2024'`);
    await using command = await startCommand('preflight', ['--json'], {
      env: { DATABASE_URL: database.url },
    });
    const { exitCode, stdout } = await command.ended;
    await client.rows(`drop view early`);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      stage: 'initial',
      obstacles: [
        {
          code: 'DEPENDENT_OBJECT',
          message: expect.stringContaining('rule _RETURN on view early depends on created_at'),
          details: { column: 'created_at', object: 'rule _RETURN on view early' },
        },
      ],
      values: [],
      checklist: expect.arrayContaining([expect.stringContaining('Programs that use created_at')]),
    });
  });

  it('names what came in the way since expand', async () => {
    await using migrated = await createMigratedDatabase('0002');
    await using other = await connect(migrated.url);
    await other.rows(`create view early as select id from large_record where created_at < '2024'`);
    await using command = await startCommand('preflight', [], { env: { DATABASE_URL: migrated.url } });
    const { exitCode, stdout } = await command.ended;
    expect(exitCode).toBe(1);
    expect(stdout).toContain('In the way: rule _RETURN on view early depends on created_at');
  });

  it('does not call a table empty of which a policy hides the rows', async () => {
    await using migrated = await createMigratedDatabase('0001');
    await using role = await createRole(migrated.url);
    await using owner = await connect(migrated.url);
    await insertRows(owner, 3);
    await owner.rows(`
      grant usage on schema public to ${role.name}; alter table large_record owner to ${role.name};
      alter table large_record enable row level security, force row level security`);
    await using command = await startCommand('preflight', [], { env: { DATABASE_URL: role.url } });
    const { exitCode, stdout } = await command.ended;
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      `In the way: Row level security can hide rows of public.large_record from ${role.name}`,
    );
    expect(stdout).not.toContain('empty');
  });

  it('calls an empty table empty', async () => {
    await using migrated = await createMigratedDatabase('0001');
    await using command = await startCommand('preflight', [], { env: { DATABASE_URL: migrated.url } });
    const { exitCode, stdout } = await command.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('The table is empty');
    expect(stdout).toContain(
      'Only people can check:\n  Programs that use created_at and do not follow the active column: they fail from contract on.\n',
    );
  });

  it('says which changes there are where it is told another', async () => {
    await using command = await startCommand('preflight', ['orders.total'], {
      env: { DATABASE_URL: database.url },
    });
    const { exitCode, stderr } = await command.ended;
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      'There is no column change orders.total. There is: public.large_record.created_at.\n' +
        'Error code: CHANGE_UNKNOWN\n',
    );
  });

  it('says in a sentence that there is no table', async () => {
    await client.rows(`drop table large_record`);
    await using command = await startCommand('preflight', [], { env: { DATABASE_URL: database.url } });
    const { exitCode, stderr } = await command.ended;
    expect(exitCode).toBe(1);
    expect(stderr).toContain('large_record" does not exist: run `npx mikro-orm migration:up`');
    expect(stderr).toMatch(/\nError code: TABLE_NOT_READY\n$/);
  });
});
