import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { SARIF_SCHEMA } from '../../support/sarif-schema.ts';
import { check, outcomesOf } from './check-project.ts';

const FILES = {
  'my migrations/0001_a.sql': `create table items (id int primary key);
create index items_id on items (id);`,
  'my migrations/0002_b.sql': `-- a comment
create index orders_note_index
  on orders (note);
alter table orders alter total type bigint;

-- online: accepted the table has 300 rows
alter table countries alter population type bigint;
alter table orders cluster on x, set (fillfactor = 90);
notify orders;`,
};
const FOLDER = 'my migrations';
const ONLY_STEPS = { 'a.sql': 'create index i on orders (note)' };

/** The place of a finding. */
function at(uri: string, startLine: number): object[] {
  return [{ physicalLocation: { artifactLocation: { uri }, region: { startLine } } }];
}

describe('the report of npx online-migration check', () => {
  it('shows the place, the verdict and the steps of each statement', async () => {
    const { stdout, stderr, exitCode } = await check(FILES, FOLDER);
    expect(stdout.split('\n')).toEqual([
      'my migrations/0001_a.sql:1: create table items (id int primary key)',
      '  runs as it is',
      'my migrations/0001_a.sql:2: create index items_id on items (id)',
      '  runs as it is',
      'my migrations/0002_b.sql:2: create index orders_note_index',
      '  needs other steps, because it reads the whole table while nobody can write to it',
      '    CREATE INDEX CONCURRENTLY orders_note_index ON orders (note)  -- SHARE UPDATE EXCLUSIVE',
      'my migrations/0002_b.sql:4: alter table orders alter total type bigint',
      `  refused, because it rewrites or reads the whole table while nobody can use it. Instead: \`npx online-migration new --table "orders" --column "total" --to 'bigint'\` writes a column change that does it beside the traffic. Not known without --url: the present type of the column total`,
      'my migrations/0002_b.sql:7: alter table countries alter population type bigint',
      '  runs as it is; accepted: the table has 300 rows',
      'my migrations/0002_b.sql:8: alter table orders cluster on x, set (fillfactor = 90)',
      '  runs as it is',
      'my migrations/0002_b.sql:9: notify orders',
      '  no rule knows it',
      '',
      '2 files, 7 statements: 3 as written, 1 accepted, 1 by other steps, 1 unknown to the rules, 1 refused.',
      'Write the other steps in place of the statement, each in a transaction of its own: its tool runs it as it is written.',
      'Without --url, a table counts as in use and with rows, unless the same file makes it.',
      '',
    ]);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 1 });
  });

  it.each([
    { options: ['a.sql'], exitCode: 0 },
    { options: ['a.sql', '--strict'], exitCode: 1 },
    { options: ['a.sql', '--format', 'github'], exitCode: 0 },
    { options: ['a.sql', '--format', 'sarif', '--strict'], exitCode: 1 },
  ])(
    'exits with $exitCode after $options, of a statement that other steps carry out',
    async ({ options, exitCode }) => {
      expect(await check(ONLY_STEPS, ...options)).toMatchObject({ exitCode });
    },
  );

  it('has annotations for GitHub', async () => {
    const { stdout, exitCode } = await check(FILES, FOLDER, '--format', 'github');
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(
        /^::warning file=my migrations\/0002_b\.sql,line=2,title=create-index::create index orders_note_index: needs other .*%0A {2}CREATE INDEX CONCURRENTLY/,
      ),
      expect.stringMatching(/^::error file=my migrations\/0002_b\.sql,line=4,title=change-type::/),
      expect.stringMatching(/^::notice file=my migrations\/0002_b\.sql,line=7,title=unknown-statement::/),
      expect.stringMatching(
        /^::warning file=my migrations\/0002_b\.sql,line=9,title=unknown-statement::notify orders/,
      ),
      '',
    ]);
    expect(exitCode).toBe(1);
  });

  it('is valid SARIF', async () => {
    const { stdout } = await check(
      { ...FILES, [`${FOLDER}/0003.sql`]: 'alter tabel x' },
      FOLDER,
      '--format',
      'sarif',
    );
    const sarif: unknown = JSON.parse(stdout);
    const ajv = new Ajv({ validateFormats: false });
    expect(ajv.validate(SARIF_SCHEMA, sarif) || ajv.errors).toBe(true);
    const { runs } = sarif as {
      runs: readonly [
        {
          tool: { driver: { rules: readonly { id: string }[] } };
          results: readonly { ruleId: string; ruleIndex: number }[];
        },
      ];
    };
    const [{ tool, results }] = runs;
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    expect(results).toMatchObject([
      { ruleId: 'create-index', level: 'warning', locations: at('my%20migrations/0002_b.sql', 2) },
      { ruleId: 'change-type', level: 'error', locations: at('my%20migrations/0002_b.sql', 4) },
      {
        level: 'note',
        suppressions: [{ kind: 'inSource', justification: 'the table has 300 rows' }],
        locations: at('my%20migrations/0002_b.sql', 7),
      },
      { ruleId: 'unknown-statement', level: 'warning', locations: at('my%20migrations/0002_b.sql', 9) },
      { ruleId: 'not-checked', level: 'error', locations: at('my%20migrations/0003.sql', 1) },
    ]);
  });

  it('is valid SARIF without findings', async () => {
    const { stdout, exitCode } = await check({ 'a.sql': 'select 1' }, 'a.sql', '--format', 'sarif');
    const ajv = new Ajv({ validateFormats: false });
    expect(ajv.validate(SARIF_SCHEMA, JSON.parse(stdout)) || ajv.errors).toBe(true);
    expect(exitCode).toBe(0);
  });
});

/** Files that cannot be checked. */
const PROBLEMS = [
  {
    name: 'SQL that the grammar does not accept',
    file: 'b1.sql',
    content: 'select 1;\nselect 2;\nalter tabel x',
    line: 3,
    text: 'syntax error at or near "tabel"',
  },
  {
    name: 'bytes that are no text',
    file: 'b2.sql',
    content: Buffer.from([0xff, 0xfe, 0x00]),
    line: 1,
    text: 'It cannot be read as UTF-8 text: ',
  },
  {
    name: 'a module without a migration',
    file: 'b3.ts',
    content: 'export const x: number = 1;',
    line: 1,
    text: 'It exports no migration',
  },
  {
    name: 'a module that cannot be loaded',
    file: 'b4.js',
    content: `import './nowhere.js';`,
    line: 1,
    text: 'It cannot be loaded: ',
  },
  {
    name: 'a migration that throws',
    file: 'b5.ts',
    content: `import { Migration } from '@mikro-orm/migrations';
export class B extends Migration {
  async up() {
  const [{ id }] = await this.execute('select 1 as id');
  this.addSql('select ' + id);
  }
}`,
    line: 4,
    text: 'its `up` throws: ',
  },
  {
    name: 'a migration that uses entities',
    file: 'b6.ts',
    content: `import { Migration } from '@mikro-orm/migrations';
export class B extends Migration {
  async up() {
  await this.getEntityManager().find('User', {});
  }
}`,
    line: 4,
    text: 'its `up` throws: Metadata for entity User not found',
  },
  {
    name: 'a migration that builds queries',
    file: 'b7.ts',
    content: `import { Migration } from '@mikro-orm/migrations';
export class B extends Migration {
  async up() { await this.getEntityManager().getKysely().deleteFrom('x').execute(); }
}`,
    line: 3,
    text: 'it builds a query with Kysely',
  },
  {
    name: 'a migration of TypeORM that builds SQL',
    file: 'b8.ts',
    content: `import { type MigrationInterface, QueryRunner, TableColumn } from 'typeorm';
export class B implements MigrationInterface {
  async up(queryRunner: QueryRunner) {
  await queryRunner.addColumn('x', new TableColumn({ name: 'a', type: 'int' }));
  }
  async down() {}
}`,
    line: 4,
    text: 'it calls `addColumn`, which builds SQL',
  },
  {
    name: 'a migration of Knex that builds SQL',
    file: 'b9.js',
    content: `exports.up = (knex) =>
  knex.schema.alterTable('x', (table) => table.integer('a'));`,
    line: 2,
    text: 'it calls `schema.alterTable`, which builds SQL',
  },
  {
    name: 'a migration of Knex that builds a query',
    file: 'b10.js',
    content: `exports.up = (knex) =>
  knex('x').update({ a: 1 });`,
    line: 2,
    text: 'it calls the handle of its tool, which builds SQL',
  },
  {
    name: 'a placeholder of a tool',
    file: 'b11.sql',
    content: 'select 1;\nalter table ${schema}.x add a int;',
    line: 2,
    text: 'Placeholders of a tool are not replaced',
  },
];

describe('npx online-migration check', () => {
  it.each([
    {
      name: 'a path that does not exist',
      options: ['nowhere'],
      code: 'MIGRATION_FILE_NOT_FOUND',
      text: 'There is no nowhere',
    },
    {
      name: 'no path and no folder migrations',
      options: [],
      code: 'MIGRATION_FILE_NOT_FOUND',
      text: 'There is no migrations',
    },
    {
      name: 'a folder without migrations',
      options: ['empty'],
      code: 'MIGRATION_FILE_NOT_FOUND',
      text: 'empty has no migration',
    },
    {
      name: 'a file of another kind',
      options: ['empty/0001.py'],
      code: 'MIGRATION_FILE_NOT_FOUND',
      text: 'sqlmigrate',
    },
    {
      name: 'a name after --from that no file has',
      options: ['a.sql', '--from', '0009'],
      code: 'MIGRATION_FILE_NOT_FOUND',
      text: '0009',
    },
    {
      name: 'a form that does not exist',
      options: ['a.sql', '--format', 'xml'],
      code: 'WRONG_USAGE',
      text: 'xml',
    },
    {
      name: 'a database that does not answer',
      options: ['a.sql', '--url', 'postgresql://127.0.0.1:1/x'],
      code: 'DATABASE_UNREACHABLE',
      text: '127.0.0.1',
    },
    {
      name: 'a URL that is none',
      options: ['a.sql', '--url', 'nothing'],
      code: 'CONNECTION_INVALID',
      text: '',
    },
  ])('refuses $name', async ({ options, code, text }) => {
    const result = await check({ ...ONLY_STEPS, 'empty/README.md': '#', 'empty/0001.py': '' }, ...options);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(text);
    expect(result.stderr).toContain(`Error code: ${code}\n`);
  });

  it('cannot check some files, says why, and checks the others', async () => {
    const bad = Object.fromEntries(PROBLEMS.map(({ file, content }) => [file, content]));
    const files = { 'a.sql': 'create index i on orders (note)', ...bad, 'c.sql': 'select 1', 'd.sql': '' };
    const names = Object.keys(files);
    const result = await check(files, ...names, '--json');
    expect(result.exitCode).toBe(1);
    expect(outcomesOf(result)).toEqual(['a.sql:1 steps', 'c.sql:1 as-written']);
    const report = JSON.parse(result.stdout) as {
      files: readonly { file: string; problem?: { line: number; message: string } }[];
    };
    for (const { file, name, line, text } of PROBLEMS) {
      const problem = report.files.find((reported) => reported.file === file)?.problem;
      expect({ name, problem }).toEqual({
        name,
        problem: { code: expect.any(String), line, message: expect.stringContaining(text) },
      });
    }
    const people = await check(files, ...names);
    for (const { file, line } of PROBLEMS) expect(people.stdout).toContain(`${file}:${line}: not checked\n`);
    expect(people.stdout).toContain('d.sql: no statements\n');
    expect(people.stdout).toContain(`${PROBLEMS.length} files could not be checked.`);
  });
});
