import { describe, expect, it } from '@jest/globals';
import { isOutsideOnly } from '../../../src/online-migration/ordinary/planning/outside-step.ts';
import { loadSqlParser } from '../../../src/online-migration/sql/sql-parser.ts';
import { readStatements } from '../../../src/online-migration/sql/statements.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { check, type Files, statementsOf } from './check-project.ts';

const database = databasePerFile(
  `create table orders (note text)`,
  `create index orders_note on orders (note)`,
  `create table parts (id int) partition by list (id)`,
  `create table part partition of parts for values in (1)`,
);

const INDEX = 'create index concurrently i on orders (note)';
const ALTER = 'alter table orders add a int';

/** A case: its files, and the lines with a finding on shared transactions, each with the way without one. */
type Case = readonly [name: string, files: Files, found: readonly string[]];

/** Checks the files of all cases by one command, each in a folder of its own, and compares the findings of each. */
async function expectFound(cases: readonly Case[]): Promise<void> {
  const files = cases.flatMap(([, own], index) =>
    Object.entries(own).map(([path, content]) => [`m/${index + 100}/${path}`, content] as const),
  );
  const result = await check(Object.fromEntries(files), 'm', '--json');
  expect(result.stderr).toBe('');
  const found = cases.map(([name]): [string, string[]] => [name, []]);
  for (const { file, line, outcome, rule, instead, warnings = [] } of statementsOf(result)) {
    const own = found[Number(file.split('/')[1]) - 100]![1];
    if (rule === 'oneTransaction')
      own.push(`${line} ${outcome}${/without a transaction(.*)$/.exec(instead ?? '')?.[1] ?? ''}`);
    if (warnings.some((warning) => warning.rule === 'one-transaction')) own.push(`${line} warning`);
  }
  expect(found).toEqual(cases.map(([name, , expected]) => [name, expected]));
}

/** Files with `create index concurrently`, and the findings. */
const CONCURRENTLY: readonly Case[] = [
  ['a statement alone', { 'a.sql': INDEX }, []],
  ['another statement beside it', { 'a.sql': `${ALTER};\n${INDEX};` }, ['2 refused']],
  ['a transaction of its own', { 'a.sql': `begin;\n${INDEX};\ncommit;` }, ['2 refused']],
  ['a commit before it', { 'a.sql': `${ALTER};\ncommit;\n${INDEX};\nbegin;\n${ALTER}` }, []],
  ['a reason', { 'a.sql': `${ALTER};\n-- online: accepted psql runs it\n${INDEX};` }, []],
  [
    'Prisma',
    { 'p/1_a/migration.sql': `${ALTER};\n${INDEX};` },
    ['2 refused: Prisma does so with a file of one statement'],
  ],
  [
    'Flyway',
    { 'V1__a.sql': `${ALTER};\n${INDEX};` },
    ['2 refused: `executeInTransaction=false` in its settings, such as V1__a.sql.conf'],
  ],
  [
    'Flyway without',
    { 'V1__a.sql': `${ALTER};\n${INDEX};`, 'V1__a.sql.conf': 'executeInTransaction=false' },
    [],
  ],
  ['goose', { 'a.sql': `-- +goose Up\n${INDEX};` }, ['2 refused: `-- +goose NO TRANSACTION`']],
  ['goose without', { 'a.sql': `-- +goose NO TRANSACTION\n-- +goose Up\n${ALTER};\n${INDEX};` }, []],
  ['dbmate', { 'a.sql': `-- migrate:up\n${INDEX};` }, ['2 refused: `-- migrate:up transaction:false`']],
  ['dbmate without', { 'a.sql': `-- migrate:up transaction:false\n${ALTER};\n${INDEX};` }, []],
  ['sql-migrate', { 'a.sql': `-- +migrate Up\n${INDEX};` }, ['2 refused: `-- +migrate Up notransaction`']],
  ['sql-migrate without', { 'a.sql': `-- +migrate Up notransaction\n${ALTER};\n${INDEX};` }, []],
  [
    'Liquibase',
    {
      'a.sql': `-- liquibase formatted sql\n-- changeset me:1\n${INDEX};\n-- changeset me:2 runInTransaction:false\n${ALTER};\n${INDEX};`,
    },
    ['3 refused: `runInTransaction:false` behind the name of the changeset'],
  ],
  [
    'Django',
    { 'a.sql': `BEGIN;\n--\n-- Add field a to order\n--\n${ALTER};\n${INDEX};\nCOMMIT;` },
    ['6 refused: `atomic = False` in its class'],
  ],
  ['Django without', { 'a.sql': `--\n-- Add field a to order\n--\n${ALTER};\n${INDEX};` }, []],
  [
    'Knex',
    { 'a.js': `exports.up = (knex) => knex.raw('${INDEX}');` },
    ['1 refused: `export const config = { transaction: false }`'],
  ],
  [
    'Knex without',
    {
      'a.js': `exports.config = { transaction: false };
exports.up = async (knex) => {
  await knex.raw('${ALTER}');
  await knex.raw('${INDEX}');
  await knex.transaction((trx) => trx.raw('${INDEX}'));
  await knex.raw('${ALTER}; ${INDEX}');
};`,
    },
    [5, 6].map((line) => `${line} refused: \`export const config = { transaction: false }\``),
  ],
  [
    'TypeORM',
    { 'a.js': `exports.A = class {\n  up(runner) { return runner.query('${INDEX}'); }\n};` },
    ['2 refused: `transaction = false` in its class'],
  ],
  [
    'TypeORM without',
    {
      'a.js': `exports.A = class {
  async up(runner) {
    await runner.query('${ALTER}');
    await runner.commitTransaction();
    await runner.query('${INDEX}');
    await runner.startTransaction();
  }
};`,
      'b.js': `exports.B = class {
  transaction = false;
  async up(runner) { await runner.query('${ALTER}'); await runner.query('${INDEX}'); }
};`,
    },
    [],
  ],
  [
    'node-pg-migrate',
    { 'a.js': `exports.up = (pgm) => { pgm.sql('${INDEX}'); };` },
    ['1 refused: `pgm.noTransaction()`'],
  ],
  [
    'node-pg-migrate without',
    { 'a.js': `exports.up = (pgm) => { pgm.noTransaction(); pgm.sql('${ALTER}'); pgm.sql('${INDEX}'); };` },
    [],
  ],
  [
    'Sequelize',
    {
      'a.js': `exports.up = async ({ sequelize }) => { await sequelize.query('${ALTER}'); await sequelize.query('${INDEX}'); };`,
    },
    [],
  ],
];

/** Statements of a file, and the findings. */
const LOCKS: readonly (readonly [name: string, sql: string, found: readonly string[]])[] = [
  [
    'a constraint that is added and validated',
    `alter table orders add constraint c check (total > 0) not valid;\nalter table orders validate constraint c;`,
    ['2 steps'],
  ],
  ['a constraint that is validated alone', `alter table orders validate constraint c`, []],
  [
    'a query behind a lock',
    `${ALTER};\nselect count(*) from customers;\nselect setval('s', 1);`,
    ['2 steps'],
  ],
  ['a query before a lock', `select count(*) from customers;\n${ALTER};`, []],
  [
    'a second table',
    `${ALTER};\nalter table customers add a int;\nalter table orders add b int;`,
    ['2 warning'],
  ],
  [
    'a second table that is dropped',
    `alter table orders rename a to b;\ndrop table customers;`,
    ['2 warning'],
  ],
  [
    'a foreign key to a second table',
    `${ALTER};\nalter table orders add constraint f foreign key (a) references customers not valid;`,
    ['2 warning'],
  ],
  ['a second table that is new', `${ALTER};\ncreate table made (id int);\nalter table made add b int;`, []],
  ['a reason', `${ALTER};\n-- online: accepted nobody uses it\nalter table customers add a int;`, []],
  [
    'transactions of their own',
    `begin;\n${ALTER};\ncommit;\nbegin;\nalter table customers add a int;\ncommit;`,
    [],
  ],
];

/** Statements of which PostgreSQL refuses some in a transaction. */
const STATEMENTS = [
  'create index concurrently i on orders (note)',
  'create index i on orders (note)',
  'drop index concurrently orders_note',
  'drop index orders_note',
  'reindex table concurrently orders',
  'reindex (concurrently, verbose) table orders',
  'reindex (verbose) table orders',
  'reindex table orders',
  'reindex schema public',
  'vacuum orders',
  'analyze orders',
  'cluster',
  'cluster orders using orders_note',
  'alter table parts detach partition part concurrently',
  'alter table parts detach partition part',
  'alter system reset work_mem',
  'create database never_made',
  'drop database if exists never_made',
];

describe('npx online-migration check judges statements that share a transaction', () => {
  it('of which one cannot run in a transaction', async () => {
    await expectFound(CONCURRENTLY);
  });

  it('and knows which ones PostgreSQL refuses in one', async () => {
    const { client } = database;
    const refused: string[] = [];
    for (const statement of STATEMENTS) {
      await client.rows('begin');
      const error: unknown = await client.rows(statement).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      await client.rows('rollback');
      if ((error as { code?: string } | undefined)?.code === '25001') refused.push(statement);
    }
    const parser = await loadSqlParser();
    const found = readStatements(parser, STATEMENTS.join(';\n')).filter(({ tree }) => isOutsideOnly(tree));
    expect(found.map(({ text }) => text)).toEqual(refused);
    await expect(client.rows(`${ALTER}; ${INDEX}`)).rejects.toMatchObject({ code: '25001' });
  });

  it('of which several lock tables, or one reads a table for long', async () => {
    await expectFound(LOCKS.map(([name, sql, found]) => [name, { 'a.sql': sql }, found]));
  });

  it('and says why, and how to do without', async () => {
    const sql = `${ALTER};\nalter table customers add a int;\nalter table orders validate constraint c;\n${INDEX}`;
    const { stdout, exitCode } = await check({ 'a.sql': sql }, 'a.sql');
    expect(stdout).toContain(
      '  warning: it locks "customers" in the transaction of line 1 (`alter table orders add a int`): nobody can use "orders" as long as ' +
        'it waits for that lock; move it to a migration of its own\n',
    );
    expect(stdout).toContain(
      'because it reads a table for long while the lock of line 1 (`alter table orders add a int`) is held until the transaction ends: ' +
        'move it to a migration of its own\n',
    );
    expect(stdout).toContain(
      '  refused, because PostgreSQL refuses it in a transaction (25001), and the tool runs the statements of the file in one. Instead: ' +
        'move it to a migration of its own that runs without a transaction\n',
    );
    expect(exitCode).toBe(1);
  });

  it('and lets a temporary table be, which lasts as long as they do', async () => {
    const sql = `create temporary table t (id int);\nselect count(*) from orders;\n${ALTER};`;
    expect(await check({ 'a.sql': sql }, 'a.sql', '--strict')).toMatchObject({ exitCode: 0 });
  });

  it('and those of MikroORM not, because its migrator parts them', async () => {
    const migration = `import { Migration } from '@mikro-orm/migrations';
export class A extends Migration {
  up() {
    this.addSql('${ALTER}');
    this.addSql('alter table customers add a int');
    this.addSql('${INDEX}');
  }
}`;
    await expectFound([['MikroORM', { 'a.mjs': migration }, []]]);
  });
});
