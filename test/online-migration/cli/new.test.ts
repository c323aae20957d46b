import { cp, mkdir, readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { answering } from '../../support/answering.ts';
import { describeInTerminal } from '../../support/terminal.ts';
import { createRole } from '../../support/roles.ts';
import { openProjectCopy, type ProjectCopy, ONLINE_MIGRATION } from './new-project.ts';

/** The linter, the type check and three tests of a cycle each. */
const LIMIT_MS = 240_000;

const TABLES = [
  `create table orders (
    id bigint generated always as identity,
    customer varchar(80) not null,
    total text not null default '0.00',
    placed_at timestamptz not null default now(),
    primary key (id) include (customer)
  )`,
  `create index orders_total_idx on orders (total)`,
  `create table account (id serial primary key, name text)`,
  `create table entry (id bigserial primary key, account_id integer not null references account (id))`,
  `create schema shop`,
  // A label can hold whatever ends a template, a replacement or a comment.
  `create type shop.state as enum ('new', 'it''s paid', '\`\${1}\` $& \\ */')`,
  `create table shop."Parcel ""€""" (
    "Tenant" uuid not null, "No" integer not null, "State" varchar(20) default null, weight numeric(8,3), primary key ("Tenant", "No")
  )`,
  // A key of types that are narrow, or the user's own, and two columns of which one property's name could be made.
  `create table reading (
    "user-id" integer, user_id text, day date not null, flag boolean not null, code char(3) not null,
    amount numeric(14,2) not null, at timestamp(3) with time zone not null, state shop.state not null, label varchar(40) not null,
    primary key (day, flag, code, amount, at, state)
  )`,
  `create index on reading (label, state)`,
  `create unique index on reading (label, amount)`,
  `create table journal (line varchar(30) not null)`,
  `create table diary (line varchar(30) not null)`,
  `create table plain (label text not null)`,
  `create table priced (id bigint primary key, price text not null default 'free')`,
  `create view labels as select label from plain`,
  `create type kept as (was labels)`,
];

let copy: ProjectCopy;
let project: string;

beforeAll(async () => {
  copy = await openProjectCopy(TABLES);
  project = copy.folder;
});
afterAll(async () => copy[Symbol.asyncDispose]());

describe('npx online-migration new', () => {
  it(
    'writes five changes that pass the linter, the type check and their own tests untouched',
    async () => {
      const first = await copy.changeNew(
        '--table',
        'orders',
        '--column',
        'total',
        '--from',
        'text',
        '--to',
        'numeric(12,2)',
      );
      // In a project without migrations, MikroORM's configuration is asked for their names, and prints the database.
      const messages = copy.lastNumber === '0' ? /^Database: .*\n$/ : /^$/;
      expect(first).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(messages) });
      for (const file of [
        'src/orders/total-change.ts',
        `migrations/${copy.newNumber(1)}_expand_orders_total.ts`,
        `migrations/${copy.newNumber(5)}_rename_orders_total.ts`,
        'test/orders/total-change.test.ts',
      ]) {
        expect(first.stdout).toContain(`\n  ${file}\n`);
        expect(existsSync(join(project, file))).toBe(true);
      }
      expect(first.stdout).toContain(`npx mikro-orm migration:up --to ${copy.newNumber(3)}    enforce`);
      expect(first.stdout).toContain(
        `the property of the column total\n  gets the type numeric(12,2), and keeps the column's name. ` +
          'List the change in the feature of the table:\n    changes: [{ change: ordersTotalChange }]\n',
      );
      expect(existsSync(join(project, 'src/orders/total-mappings.ts'))).toBe(false);
      expect(await readFile(join(project, 'src/orders/total-change.ts'), 'utf8')).toContain(`key: 'id',`);
      expect(
        await copy.changeNew('--table', 'account', '--column', 'id', '--to', 'bigint', '--only'),
      ).toMatchObject({
        exitCode: 0,
      });
      expect(
        await copy.changeNew(
          '--table',
          'shop.Parcel "€"',
          '--column',
          'State',
          '--to',
          'shop.state',
          '--new-column',
          'Now',
        ),
      ).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await readFile(join(project, 'src/column-changes.ts'), 'utf8')).toContain(
        'ordersTotalChange,\n  accountIdChange,\n  shopParcelStateChange,\n];',
      );

      expect(
        await copy.changeNew(
          '--table',
          'reading',
          '--column',
          'label',
          '--from',
          'varchar(40)',
          '--to',
          'text',
          '--phases',
        ),
      ).toMatchObject({ exitCode: 0, stderr: '' });

      expect(
        await copy.changeNew('--table', 'journal', '--column', 'line', '--to', 'text', '--phases'),
      ).toMatchObject({
        exitCode: 0,
      });
      const linted = await copy.run('node_modules/oxlint/bin/oxlint');
      expect(linted).toMatchObject({ exitCode: 0 });
      const formatted = await copy.run(
        'node_modules/oxfmt/bin/oxfmt',
        '--check',
        'src',
        'migrations',
        'test',
      );
      expect(formatted).toMatchObject({ exitCode: 0 });
      const checked = await copy.run('node_modules/typescript/bin/tsc', '--noEmit');
      expect(checked).toMatchObject({ exitCode: 0, stdout: '' });
      const tests = ['test/orders', 'test/account', 'test/shop-parcel', 'test/reading', 'test/journal'];
      const tested = await copy.run('node_modules/jest/bin/jest.js', ...tests);
      expect(tested.stderr).toMatch(/Tests: {7}5 passed, 5 total/);
      const listed = await copy.run('node_modules/@mikro-orm/cli/cli.js', 'migration:pending');
      expect(listed.stdout).toContain(`${copy.newNumber(15)}_rename_shop_parcel_state`);
    },
    LIMIT_MS,
  );

  it.each([
    [
      ['--table', 'order', '--column', 'total', '--to', 'uuid'],
      /^There is no table order, and nothing was written\. There is: account, diary, entry, journal, orders, plain, priced, reading, shop\.Parcel "€"\.\nError code: TABLE_UNKNOWN\n$/,
    ],
    [
      ['--table', 'orders', '--column', 'sum', '--to', 'uuid'],
      /^The table orders has no column sum, and nothing was written\. It has: id, customer, total, placed_at\.\nError code: COLUMN_UNKNOWN\n$/,
    ],
    [
      ['--table', 'orders', '--column', 'total', '--to', 'money2'],
      /^--to money2: the database has no such type[^]*\nError code: TYPE_UNKNOWN\n$/,
    ],
    [
      ['--table', 'orders', '--column', 'total', '--to', 'text'],
      /^total is text already[^]*\nError code: TYPE_UNCHANGED\n$/,
    ],
    [
      ['--table', 'orders', '--column', 'total', '--from', 'integer', '--to', 'uuid'],
      /^total is text and not integer[^]*\nError code: COLUMN_TYPE_DIFFERS\n$/,
    ],
    [
      ['--table', 'plain', '--column', 'label', '--to', 'uuid'],
      /^public\.plain\.label cannot be changed as it is, and nothing was written:\n {2}The view public\.labels cannot go over by itself: column was of composite type public\.kept depends on it[^]*\nError code: OBSTACLES\n$/,
    ],
    [
      ['--table', 'orders', '--column', 'total', '--to', 'numeric(12,2)'],
      /^src\/column-changes\.ts has a change of public\.orders\.total already[^]*\nError code: CHANGE_NOT_FINISHED\n$/,
    ],
    [['--table', 'orders'], /^Give --column, --to\.\nError code: WRONG_USAGE\n$/],
    [['--tabel=orders'], /^error: unknown option '--tabel=orders'\n[^]*Error code: WRONG_USAGE\n$/],
    [
      ['--table', 'orders', '--column', 'total', '--to', 'numeric(300,2)'],
      /^textToNumeric\(300, 2\): [^]*\nError code: CONVERSION_IMPOSSIBLE\n$/,
    ],
    [
      ['--table', 'priced', '--column', 'price', '--to', 'numeric(12,2)'],
      /^The default of price, 'free'::text, does not convert to numeric\(12,2\)[^]*\nError code: DEFAULT_NOT_CONVERTIBLE\n$/,
    ],
    [
      ['--table', 'journal', '--column', 'line', '--to', 'timestamptz', '--zone', 'Berlin'],
      /^--zone Berlin: the database knows no such time zone[^]*\nError code: TIME_ZONE_UNKNOWN\n$/,
    ],
  ])('refuses %j, and writes nothing', async (args, reason) => {
    const before = await readFile(join(project, 'src/column-changes.ts'), 'utf8');
    const { exitCode, stderr } = await copy.changeNew(...args);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(reason);
    expect(await readFile(join(project, 'src/column-changes.ts'), 'utf8')).toBe(before);
    expect(existsSync(join(project, 'src/plain'))).toBe(false);
  });

  it('refuses a file that is there already, and writes nothing', async () => {
    await mkdir(join(project, 'src/plain'));
    await cp(join(project, 'src/config.ts'), join(project, 'src/plain/label-change.ts'));
    await copy.client.rows('drop view labels cascade');
    const { exitCode, stderr } = await copy.changeNew(
      '--table',
      'plain',
      '--column',
      'label',
      '--to',
      'uuid',
    );
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr:
        'src/plain/label-change.ts is there already, and nothing was written. Delete the files that you do not want to keep, then ' +
        'run the same command again.\nError code: FILES_EXIST\n',
    });
    expect(existsSync(join(project, 'test/plain'))).toBe(false);
  });

  it('advises to follow the column if MikroORM cannot write its name', async () => {
    await copy.client.rows(`create table answer (id integer primary key, "right?" boolean not null)`);
    const { exitCode, stdout } = await copy.changeNew(
      '--table',
      'answer',
      '--column',
      'right?',
      '--to',
      'text',
      '--new-column',
      'right',
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      'MikroORM cannot write the name "right?", which has a point or a question mark: follow',
    );
    expect(existsSync(join(project, 'src/answer/right-change.ts'))).toBe(true);
    expect(stdout).not.toContain('entity');
  });
});

describe('npx online-migration new of a table that a person has to judge', () => {
  it('writes the files, and says what to review', async () => {
    await copy.client.rows(
      'create table fed (id bigint primary key, line varchar(30) not null); create publication feed for table fed',
    );
    const { exitCode, stdout } = await copy.changeNew(
      '--table',
      'fed',
      '--column',
      'line',
      '--to',
      'text',
      '--phases',
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /\n\nReview before expand:\n {2}The publication feed publishes fed: .* add 'publication feed' to `reviewed`\.\n\nNext:\n/,
    );
    expect(existsSync(join(project, 'src/fed/line-change.ts'))).toBe(true);
  });
});

describe('npx online-migration new as a role that may not keep triggers silent', () => {
  it('writes the files, and says what to prepare', async () => {
    await using owner = await createRole(copy.database.url);
    await copy.client.rows(`
      create table stamped (id bigint primary key, line varchar(30) not null, at timestamptz);
      create function stamp() returns trigger language plpgsql as $$ begin new.at = now(); return new; end $$;
      create trigger stamp before update on stamped for each row execute function stamp();
      alter table stamped owner to ${owner.name}`);
    const { exitCode, stdout } = await copy.changeNewAs(
      owner.url,
      '--table',
      'stamped',
      '--column',
      'line',
      '--to',
      'text',
      '--phases',
    );
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    expect(stdout).toContain('create schema online_migration authorization');
    expect(stdout).toContain('name it in `firesInBackfill`');
    expect(existsSync(join(project, 'src/stamped/line-change.ts'))).toBe(true);
  });
});

describeInTerminal('npx online-migration new in a terminal', () => {
  it('asks for what it was not told, and advises to follow the column of a table without a key', async () => {
    const { exitCode, shown } = await answering(
      { folder: project, databaseUrl: copy.database.url, command: `${ONLINE_MIGRATION} new --phases` },
      [
        ['Table: ', 'diary'],
        ['Column (several with commas): ', 'line'],
        ['New type: ', 'text'],
      ],
    );
    expect(exitCode).toBe(0);
    expect(shown).toContain('Files written:\n  src/diary/line-change.ts\n');
    expect(shown).toContain('MikroORM maps no table without a key: ');
    expect(shown).not.toContain('entity');
    expect(existsSync(join(project, 'test/diary/line-change.test.ts'))).toBe(true);
  });
});
