import { expect } from '@jest/globals';
import type { DatabaseClient } from '../../support/database-client.ts';
import { type Ended, openCreatedProject } from '../../support/created-project.ts';

/** The table before the edit. */
export const SETUP = [
  `create table orders (id serial primary key, total text not null, place text not null, note text, legacy int)`,
  `create index orders_total_index on orders (total)`,
  `insert into orders (total, place, note) select n || '.50', '08:00:2b:01:02:03', 'n' from generate_series(1, 200) n`,
];

/** The entities after the edit, in a module of each kind. */
const ENTITIES = `[defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: {
    id: p.integer().primary().autoincrement(),
    total: p.decimal().precision(12).scale(2).index(),
    place: p.string().columnType('macaddr'),
    remark: p.text().nullable(),
    extra: p.string(),
  },
})]`;

const options = (migrations: string) => `{
  clientUrl: process.env.DATABASE_URL,
  entities: ${ENTITIES},
  ...onlineMigrations({ migrations: ${migrations} }),
}`;

const esm = (migrations: string) => `import { defineConfig, defineEntity, p } from '@mikro-orm/postgresql';
import { onlineMigrations } from 'online-migration/mikro-orm';
export default defineConfig(${options(migrations)});
`;

const commonJs = (
  migrations: string,
) => `const { defineConfig, defineEntity, p } = require('@mikro-orm/postgresql');
const { onlineMigrations } = require('online-migration/mikro-orm');
module.exports = defineConfig(${options(migrations)});
`;

const packageOf = (type: string, orm: object = { preferTs: false }) =>
  JSON.stringify({
    name: 'project',
    type,
    'mikro-orm': orm,
    dependencies: Object.fromEntries(
      ['core', 'cli', 'migrations', 'postgresql'].map((name) => [`@mikro-orm/${name}`, '*']),
    ),
  });

/** A configuration of `npx online-migration` as an ES module. */
const configOf = (mikroOrm: string) => `import mikroOrm from '${mikroOrm}';
export default { changes: [], connection: process.env.DATABASE_URL, mikroOrm };
`;

/** A project that tsc compiles. */
export const compiled = (type: string): Form => ({
  config: 'dist/online-migration.config.js',
  isCompiled: true,
  files: {
    'package.json': packageOf(type, { preferTs: false, configPaths: ['./dist/mikro-orm.config.js'] }),
    'tsconfig.json': `{
      // tsc's own defaults refuse imports of \`.ts\`.
      "extends": ["./tsconfig.base.json"],
      "compilerOptions": { "rootDir": "src", "outDir": "dist", /* for process */ "types": ["node"], },
      "include": ["src"],
    }`,
    'tsconfig.base.json': `{ "compilerOptions": { "module": "nodenext", "target": "es2024", "strict": true, "skipLibCheck": true, "noImplicitOverride": true } }`,
    'src/mikro-orm.config.ts': esm(`{ path: 'dist/migrations', pathTs: 'src/migrations' }`).replace(
      'clientUrl: process.env.DATABASE_URL,',
      `clientUrl: process.env['DATABASE_URL']!, preferTs: false,`,
    ),
    'src/online-migration.config.ts': configOf('./mikro-orm.config.js'),
  },
});

/** A project by the form of its code. */
export interface Form {
  readonly files: Readonly<Record<string, string>>;
  /** The configuration of `npx online-migration`, if it is not found by itself. */
  readonly config?: string;
  readonly isCompiled?: boolean;
}

export const FORMS: Readonly<Record<string, Form>> = {
  'CommonJS with emit js': {
    files: {
      'package.json': packageOf('commonjs'),
      'mikro-orm.config.js': commonJs(`{ path: 'migrations', emit: 'js' }`),
      'online-migration.config.js': `module.exports = {
        changes: [], connection: process.env.DATABASE_URL, mikroOrm: require('./mikro-orm.config.js'),
      };`,
    },
  },
  'ES modules with emit cjs': {
    files: {
      'package.json': packageOf('module'),
      'mikro-orm.config.js': esm(`{ path: 'db/migrations', emit: 'cjs' }`),
      'online-migration.config.js': configOf('./mikro-orm.config.js'),
    },
  },
  'TypeScript without a compiler': {
    files: {
      'package.json': packageOf('module', {}),
      'tsconfig.json': `{ "compilerOptions": { "module": "nodenext", "allowImportingTsExtensions": true, "noEmit": true } }`,
      'mikro-orm.config.ts': esm(`{ path: 'migrations' }`),
      'online-migration.config.ts': configOf('./mikro-orm.config.ts'),
    },
  },
};

const CREATE = ['create', '--rename', 'note=remark', '--fill', `extra='x'`, '--drop', 'legacy'] as const;

/** Writes the two functions of the scaffolded conversion. */
function completed(conversion: string): string {
  const forward = "`case when ${value} ~ '^[0-9a-f:]{17}$' then ${value}::macaddr end`,";
  return conversion
    .replace(/notWritten\(["']forward["'], .*\),/, () => forward)
    .replace(/notWritten\(["']backward["'], .*\),/, () => '`(${value})::text`,')
    .replace(/\/\*\* Delete it when[^]*?\n}\n/, '')
    .replace('type Conversion, OnlineMigrationError', 'type Conversion');
}

async function succeeded(ended: Promise<Ended>): Promise<string> {
  const { exitCode, stdout, stderr } = await ended;
  expect(exitCode === 0 ? '' : `${stdout}${stderr}`.slice(-3000)).toBe('');
  return stdout;
}

/** Creates the migrations in a project, and carries them out there and back. */
export async function expectWrittenForm(
  { url, client }: { readonly url: string; readonly client: DatabaseClient },
  { files, config, isCompiled = false }: Form,
  packageFolder?: string,
): Promise<void> {
  const rows = () => client.rows('select * from orders order by id');
  await using project = await openCreatedProject(url, files, packageFolder);
  const compile = async () => isCompiled && (await succeeded(project.run('tsc')));
  const create = (...args: string[]) =>
    project.run('online-migration', ...(config === undefined ? [] : ['--config', config]), ...args);
  const before = await rows();
  await compile();
  await succeeded(create(...CREATE));
  const conversion = (await project.files()).find((file) => file.includes('place-conversion'))!;
  await project.write(conversion, completed(await project.read(conversion)));
  await compile();
  await succeeded(project.run('mikro-orm', 'migration:up'));
  expect(await client.rows('select id, total, place, remark, extra from orders order by id')).toMatchObject([
    { total: '1.50', place: '08:00:2b:01:02:03', remark: 'n', extra: 'x' },
    ...Array.from({ length: 199 }, () => ({ extra: 'x' })),
  ]);
  expect(await succeeded(create('create'))).toContain('nothing to write');
  await succeeded(project.run('mikro-orm', 'migration:check'));
  await succeeded(project.run('mikro-orm', 'migration:down', '--to', '0'));
  expect(await rows()).toEqual(before.map((row) => ({ ...(row as object), legacy: null })));
  await succeeded(project.run('mikro-orm', 'migration:up'));
}
