import { describe, expect, it } from '@jest/globals';
import type { RunningCommand } from '../../support/command-line.ts';
import { type CommandMigration, ordinaryCommand } from '../../support/ordinary-command/start.ts';
import { describeWithPgBouncer, startPgBouncer } from '../../support/pgbouncer.ts';
import { createRole } from '../../support/roles.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const SCHEMA = '"Far ""away"""';
const ORDER = `${SCHEMA}."Order ""x"" é"`;
const CUSTOMER = `${SCHEMA}."user"`;
const ROWS = 5_000;

const database = databasePerFile(
  `drop schema if exists ${SCHEMA} cascade`,
  `create schema ${SCHEMA}`,
  `create table ${CUSTOMER} ("order" int primary key)`,
  `insert into ${CUSTOMER} select generate_series(1, 100)`,
  `create table ${ORDER} ("select" bigint primary key, "from" int, "Größe "" €" text, "user" int)`,
  `insert into ${ORDER} select n, n, n, 1 + n % 100 from generate_series(1, ${ROWS}) n`,
  `create index "old ""i""" on ${ORDER} ("from")`,
  `analyze`,
);
const { client } = database;

/** A step of each kind, on names that need quotes, in a schema that is not on the search path. */
const MIGRATIONS: Readonly<Record<string, CommandMigration>> = {
  '0001': {
    up: [
      `alter table ${ORDER} add "default" bigint null`,
      {
        schema: 'Far "away"',
        table: 'Order "x" é',
        set: { default: '"from" * 100' },
        where: '"default" is null',
      },
      `alter table ${ORDER} alter "default" set not null`,
      `alter table ${ORDER} add constraint "unique" unique ("select", "user")`,
      `create index on ${ORDER} (lower("Größe "" €"))`,
      `alter table ${ORDER} add constraint "check" check ("from" > 0)`,
      `alter table ${ORDER} add constraint "references" foreign key ("user") references ${CUSTOMER}`,
      `drop index ${SCHEMA}."old ""i"""`,
    ],
    down: [
      `alter table ${ORDER} drop constraint "references"`,
      `alter table ${ORDER} drop constraint "check"`,
      `create index "old ""i""" on ${ORDER} ("from")`,
      `alter table ${ORDER} drop constraint "unique"`,
      `drop index ${SCHEMA}."Order ""x"" é_lower_idx"`,
      `-- online: accepted nobody reads it\nalter table ${ORDER} drop column "default"`,
    ],
  },
  '0002': { up: [`create table made (id int)`, `create index on made (id)`] },
  '0003': { up: [`create index "again" on ${ORDER} ("user")`] },
};

const start = ordinaryCommand(MIGRATIONS);

async function expectFinished(): Promise<void> {
  expect(
    await client.rows(`
      select conname as name, convalidated as "isValid" from pg_constraint
      where conrelid = '${ORDER}'::regclass and contype in ('u', 'c', 'f') order by 1`),
  ).toEqual(['check', 'references', 'unique'].map((name) => ({ name, isValid: true })));
  expect(
    await client.rows(`
      select c.relname as name from pg_index join pg_class c on c.oid = indexrelid
      where indrelid = '${ORDER}'::regclass and indisvalid order by c.relname collate "C"`),
  ).toEqual(['Order "x" é_lower_idx', 'Order "x" é_pkey', 'again', 'unique'].map((name) => ({ name })));
  expect(await client.value(`select count(*)::int from ${ORDER} where "default" = "from" * 100`)).toBe(ROWS);
  expect(await client.rows(`select left(name, 4) as name from mikro_orm_migrations order by id`)).toEqual(
    Object.keys(MIGRATIONS).map((name) => ({ name })),
  );
}

async function expectSuccess(command: RunningCommand): Promise<void> {
  if ((await command.exitCode) !== 0) throw new Error(command.output());
}

/** A role that owns the tables, and has no other right than to keep a ledger. */
async function createOwner() {
  const owner = await createRole(database.url);
  await client.rows(`
    alter schema ${SCHEMA} owner to ${owner.name};
    alter table ${ORDER} owner to ${owner.name};
    alter table ${CUSTOMER} owner to ${owner.name};
    grant create, usage on schema public to ${owner.name}`);
  return owner;
}

describe('npx mikro-orm migration:up of ordinary migrations', () => {
  it('carries them out, up and down, on names that need quotes in a schema off the search path', async () => {
    const up = start(database.url, 'migration:up');
    await expectSuccess(up);
    await expectFinished();
    const down = start(database.url, 'migration:down', '--to', '0');
    await expectSuccess(down);
  });

  it('twice at once runs each migration once', async () => {
    const commands = [start(database.url, 'migration:up'), start(database.url, 'migration:up')];
    for (const command of commands) await expectSuccess(command);
    await expectFinished();
    const outputs = commands.map((command) => command.output()).join('');
    expect(outputs.match(/Applied '0001'/g)).toHaveLength(1);
    expect(outputs).toMatch(/another runner migrates this database/);
  });

  it('runs for a role with settings of its own', async () => {
    await using owner = await createOwner();
    await client.rows(`
      create schema online_migration authorization ${owner.name};
      alter role ${owner.name} set statement_timeout = '2s';
      alter role ${owner.name} set lock_timeout = '1ms';
      alter role ${owner.name} set idle_in_transaction_session_timeout = '20ms';
      alter role ${owner.name} set default_transaction_read_only = on;
      alter role ${owner.name} set default_transaction_isolation = serializable`);
    const up = start(owner.url, 'migration:up');
    await expectSuccess(up);
    await expectFinished();
  });

  it('says that the connection of a migration that sends statements was lost', async () => {
    const sends = ordinaryCommand({
      '0001': {
        up: [],
        sends: [`create table made (id int)`, `select pg_terminate_backend(pg_backend_pid())`],
      },
    });
    const lost = sends(database.url, 'migration:up');
    expect(await lost.exitCode).toBe(1);
    expect(lost.output()).toMatch(/The connection to the database was lost: .*run the same command again/);
    expect(await client.value(`select to_regclass('made')`)).toBeNull();
  });

  it('says to a role that owns the tables alone which right it needs, and changes nothing', async () => {
    await using owner = await createOwner();
    const refused = start(owner.url, 'migration:up');
    expect(await refused.exitCode).toBe(1);
    expect(refused.output()).toContain(
      `${owner.name} may not create the schema online_migration, in which the package keeps the progress of a migration of several steps: ` +
        `run \`create schema online_migration authorization ${owner.name}\` once as an administrator`,
    );
    await client.rows(`create schema online_migration authorization ${owner.name}`);
    const up = start(owner.url, 'migration:up');
    await expectSuccess(up);
    await expectFinished();
    const down = start(owner.url, 'migration:down', '--to', '0');
    await expectSuccess(down);
  });
});

describeWithPgBouncer('through PgBouncer, ordinary migrations', () => {
  it('are refused in transaction mode, and run in session mode', async () => {
    await using transactions = await startPgBouncer(database.url, { mode: 'transaction', sessions: 3 });
    const refused = start(transactions.url, 'migration:up');
    expect(await refused.exitCode).toBe(1);
    expect(refused.output()).toMatch(/through a pooler that gives each transaction another session/);
    await using sessions = await startPgBouncer(database.url, { mode: 'session', sessions: 10 });
    const up = start(sessions.url, 'migration:up');
    await expectSuccess(up);
    await expectFinished();
  });
});
