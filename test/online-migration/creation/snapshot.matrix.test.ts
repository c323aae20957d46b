import { expect, it } from '@jest/globals';
import { openCreatedProject } from '../../support/created-project.ts';
import { smallProject } from '../../support/small-project.ts';
import { databasePerFile } from '../../support/tested-database.ts';

/** Nothing listens there. */
const NOWHERE = 'postgresql://nobody@127.0.0.1:1/none';
const SNAPSHOT = 'migrations/snapshot.json';

const database = databasePerFile(
  `create table orders (id serial primary key, total text not null, note varchar(255))`,
  `insert into orders (total) values ('1.50')`,
);

const entities = (properties: string) => `[defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: { id: p.integer().primary().autoincrement(), ${properties} },
})]`;

const files = (properties: string, url = 'process.env.DATABASE_URL') =>
  smallProject({
    entities: entities(properties),
    options: `clientUrl: ${url},
      migrations: { path: 'migrations', emit: 'cjs', snapshot: true, snapshotName: 'snapshot', allOrNothing: false },`,
    extensions: 'extensions: [OnlineMigrator.with()]',
  });

interface Snapshot {
  readonly tables: readonly {
    readonly columns: Readonly<Record<string, { readonly type: string }>>;
    readonly indexes: readonly { readonly keyName: string }[];
  }[];
}

async function openProject(properties: string) {
  const project = await openCreatedProject(database.url, files(properties));
  const edit = async (edited: string, url?: string) => {
    const { 'entities.js': text, 'mikro-orm.config.js': config } = files(edited, url);
    await project.write('entities.js', text!);
    await project.write('mikro-orm.config.js', config!);
  };
  const create = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await project.run('online-migration', 'create', ...args);
    expect(exitCode === 0 ? '' : stdout + stderr).toBe('');
    return stdout;
  };
  const table = async () => (JSON.parse(await project.read(SNAPSHOT)) as Snapshot).tables[0]!;
  return Object.assign(project, {
    edit,
    create,
    typeOf: async (column: string) => (await table()).columns[column]?.type,
    indexes: async () => (await table()).indexes.map(({ keyName }) => keyName),
    up: async () => {
      const { exitCode, stdout, stderr } = await project.run('mikro-orm', 'migration:up');
      expect(exitCode === 0 ? '' : stdout + stderr).toBe('');
    },
  });
}

const NUMERIC = 'total: p.decimal().precision(12).scale(2)';

it('has a difference that is a column change alone, but not the index that comes after it', async () => {
  await using project = await openProject(`${NUMERIC}.index(), note: p.string().nullable()`);
  await project.create();
  expect(await project.typeOf('total')).toBe('numeric(12,2)');
  expect(await project.indexes()).toEqual(['orders_pkey']);
  expect(await project.create()).toContain('nothing to write');
  await project.up();
  expect(await project.create()).toContain('Written: ');
  expect(await project.indexes()).toEqual(['orders_pkey', 'orders_total_index']);
  await project.up();
  expect(await project.create()).toContain('nothing to write');
});

it('keeps the type of a column whose change comes after its rename', async () => {
  await using project = await openProject('total: p.text(), remark: p.integer().nullable()');
  expect(await project.create('--rename', 'note=remark')).toContain('run migration:create again');
  expect(await project.typeOf('remark')).toBe('varchar(255)');
  await project.up();
  expect(await project.create()).toContain('expand_orders_remark');
  expect(await project.typeOf('remark')).toMatch(/^int/);
});

it('is compared without a database', async () => {
  await using project = await openProject('total: p.text(), note: p.string().nullable()');
  expect(await project.create()).toContain('nothing to write');
  // The first comparison with a difference writes the snapshot.
  await project.edit('total: p.text(), note: p.string().nullable(), memo: p.text().nullable()');
  await project.create();
  await project.edit(
    `${NUMERIC}, note: p.string().nullable(), memo: p.text().nullable(), extra: p.string()`,
    `'${NOWHERE}'`,
  );
  const { exitCode, stderr } = await project.run('online-migration', 'create');
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringContaining('The new column orders.extra is required'),
  });
  expect(await project.create('--fill', `extra='x'`)).toContain(
    'the database cannot be reached, so the changed types of orders are written as MikroORM writes them',
  );
  expect(await project.typeOf('total')).toBe('numeric(12,2)');
  expect(await project.create()).toContain('nothing to write');
});
