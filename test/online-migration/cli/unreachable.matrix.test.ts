import { describe, expect, it } from '@jest/globals';
import { textToNumeric } from '../../../src/online-migration/conversions/index.ts';
import { runPhase } from '../../../src/online-migration/phases/run-phase.ts';
import { isConnectionLost, isTransient } from '../../../src/online-migration/postgres/database-error.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { changeOf } from '../../support/change-of.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { runMikroOrm } from '../../support/command-line.ts';
import { type Differences, openPlainProject } from './plain-project.ts';

const database = databasePerFile(
  `drop schema if exists "Shop" cascade`,
  `create table orders (id bigint generated always as identity primary key, total text not null)`,
  `insert into orders (total) select i || '.5' from generate_series(1, 10) i`,
);

const REFUSING = 'postgresql://app:secret@127.0.0.1:9/shop';

/** The URL of the test's database with other parts. */
function urlWith(parts: Partial<Pick<URL, 'username' | 'password' | 'pathname' | 'hostname'>>): string {
  return Object.assign(new URL(database.url), parts).href;
}

const COMMANDS = [
  ['status'],
  ['preflight'],
  ['up'],
  ['down', '--to', 'initial'],
  ['backfill', 'status'],
  ['new', '--table', 'orders', '--column', 'total', '--to', 'bigint'],
];

describe('a database that cannot be reached', () => {
  it.each(COMMANDS)('is a sentence with the next step: %s', async (...command) => {
    await using project = await openPlainProject();
    const { exitCode, stderr } = await project.run(REFUSING, ...command);
    expect(stderr).toBe(
      'Cannot connect to the database shop on 127.0.0.1:9 as app: connect ECONNREFUSED 127.0.0.1:9. Start the server, or ' +
        'correct the host and the port of the connection, in DATABASE_URL or the configuration file.\n' +
        'Error code: DATABASE_UNREACHABLE\n',
    );
    expect(exitCode).toBe(1);
  });

  it.each<[string, () => string, RegExp]>([
    ['no host', () => urlWith({ hostname: 'nowhere.invalid' }), /ENOTFOUND|EAI_AGAIN/],
    [
      'no database',
      () => urlWith({ pathname: '/none' }),
      /database "none" does not exist\. Create the database, or correct its name/,
    ],
    ['no role', () => urlWith({ username: 'nobody_here' }), /\. Correct the user and the password/],
    [
      'no URL',
      () => 'notaurl',
      /^The connection is no URL of a PostgreSQL database\. Write it as .*\nError code: CONNECTION_INVALID\n$/,
    ],
    [
      'a password that is not encoded',
      () => 'postgresql://app:se#cret@host/shop',
      /^The connection is no URL of a PostgreSQL database\. [^]*CONNECTION_INVALID\n$/,
    ],
  ])('has %s', async (_, url, sentence) => {
    await using project = await openPlainProject();
    const { exitCode, stderr } = await project.run(url(), 'status');
    expect(stderr).toMatch(sentence);
    expect(stderr).toMatch(/Error code: (DATABASE_UNREACHABLE|CONNECTION_INVALID)\n$/);
    expect(stderr).not.toContain('secret');
    expect(exitCode).toBe(1);
  });

  it('is an error with a code for callers of the package, and one that may pass', async () => {
    const connection = { connectionString: REFUSING };
    const failure = await Session.open(connection, 'test').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'DATABASE_UNREACHABLE', cause: { code: 'ECONNREFUSED' } });
    expect({ isTransient: isTransient(failure), isConnectionLost: isConnectionLost(failure) }).toEqual({
      isTransient: true,
      isConnectionLost: true,
    });
    const change = changeOf('orders.total', {
      from: 'text',
      to: 'numeric(12,2)',
      conversion: textToNumeric(12, 2),
    });
    await expect(runPhase(change, 'expand', 'up', { connection: REFUSING })).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
    });
  });

  it.each(['migration:up', 'migration:pending'])('is the message alone: mikro-orm %s', async (command) => {
    const { exitCode, output } = await runMikroOrm(REFUSING, command);
    expect(exitCode).toBe(1);
    expect(output).toContain(
      'Cannot connect to the database shop on 127.0.0.1:9 as app: connect ECONNREFUSED',
    );
    expect(output).not.toMatch(/^\s+at /m);
  });
});

/** The output of a command that fails. */
async function refused(differences: Differences, url: string, ...options: string[]) {
  await using project = await openPlainProject(differences);
  const { exitCode, stdout, stderr } = await project.run(url, ...options);
  expect(exitCode).toBe(1);
  return stdout + stderr;
}

describe('a declaration that does not fit the database', () => {
  it.each([['preflight'], ['up'], ['down', '--to', 'initial'], ['status']])(
    'has a type that does not exist: %s',
    async (...command) => {
      const output = await refused({ type: 'numerik' }, database.url, ...command);
      expect(output).toMatch(/`to\.type` is numerik, which is no type of this database/);
      expect(output).toMatch(
        command[0] === 'preflight'
          ? /\nIn the way: [^\n]*\nThe values were not checked yet\.\n$/
          : /\nError code: TYPE_UNKNOWN\n$/,
      );
    },
  );

  it.each([['preflight'], ['up'], ['status']])('has a closed schema: %s', async (...command) => {
    await database.client.rows(`create schema "Shop"`);
    await database.client.rows(`drop role if exists shop_reader`);
    await database.client.rows(`create role shop_reader login password 'x'`);
    database.defer(() => database.client.rows(`drop role shop_reader`));
    const url = urlWith({ username: 'shop_reader', password: 'x' });
    const output = await refused({ schema: 'Shop' }, url, ...command);
    expect(output).toContain(
      'The table "Shop"."orders" cannot be read: permission denied for schema Shop. Grant USAGE on this schema to the ' +
        'role of the connection, or connect as another role.\nError code: SCHEMA_NOT_GRANTED\n',
    );
  });

  it('has a key that does not exist, after expand', async () => {
    await using project = await openPlainProject();
    expect(await project.run(database.url, 'up', '--to', 'expanded')).toMatchObject({ exitCode: 0 });
    const output = await refused({ key: 'ident' }, database.url, 'preflight');
    expect(output).toContain('has no column ident: correct `key`.');
  });
});
