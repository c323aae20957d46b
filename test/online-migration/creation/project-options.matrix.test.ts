import { expect, it } from '@jest/globals';
import { type Ended, openCreatedProject } from '../../support/created-project.ts';
import { smallProject, type SmallProject } from '../../support/small-project.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const LIMIT_MS = 120_000;
const database = databasePerTest();

async function succeeded(ended: Promise<Ended>): Promise<string> {
  const { exitCode, stdout, stderr } = await ended;
  expect(exitCode === 0 ? '' : `${stdout}${stderr}`.slice(-3000)).toBe('');
  return stdout;
}

interface Case {
  readonly setup: readonly string[];
  readonly project: SmallProject;
  readonly files?: Readonly<Record<string, string>>;
  readonly create?: readonly string[];
  /** Expected in the paths and texts of the written files. */
  readonly written: readonly (string | RegExp)[];
  readonly absent?: readonly (string | RegExp)[];
  /** MikroORM drops nothing in `down` either, if it must not in `up`. */
  readonly hasWayBack?: boolean;
}

const order = (properties: string, more = `tableName: 'orders'`) =>
  `defineEntity({ name: 'Order', ${more}, properties: { id: p.integer().primary().autoincrement(), ${properties} } })`;

const ORDERS = [
  `create table orders (id serial primary key, total text not null, note text)`,
  `insert into orders (total) select n || '.50' from generate_series(1, 20) n`,
];
const NUMERIC = 'total: p.decimal().precision(12).scale(2), note: p.text().nullable()';

const CASES: Readonly<Record<string, Case>> = {
  'a generator of its own': {
    setup: ORDERS,
    project: {
      entities: `[${order(`${NUMERIC}, extra: p.string()`)}]`,
      before: `class Generator extends migrations.JSMigrationGenerator {
        generateMigrationFile(name, diff) { return '// our header\\n' + super.generateMigrationFile(name, diff); }
        createStatement(sql, padLeft) { return super.createStatement(sql, padLeft).replace('addSql(', 'addSql(/* ours */ '); }
      }`,
      migrations: `{ path: 'migrations', emit: 'cjs', generator: Generator }`,
    },
    create: ['--fill', `extra='x'`],
    written: [
      /our header[^]*\/\/ Runs as it is, [^]*addSql\(\/\* ours \*\/ `alter table "orders" add "extra"/,
      /our header[^]*\* Require: sets `extra` NOT NULL[^]*addSql\(\/\* ours \*\/ `alter table "orders" alter column "extra" set not null/,
      'expand_orders_total',
    ],
  },
  'names of files of its own': {
    setup: ORDERS,
    project: {
      entities: `[${order(`${NUMERIC}, extra: p.string()`)}]`,
      migrations: `{ path: 'db', emit: 'cjs', fileName: (timestamp, name) => timestamp + '-' + (name ?? 'edit') }`,
    },
    create: ['--fill', `extra='x'`],
    written: [
      /^db\/\d{14}-edit[.]cjs$/m,
      /^db\/\d{14}-fill_orders_extra[.]cjs$/m,
      /^db\/\d{14}-rename_orders_total[.]cjs$/m,
    ],
  },
  'numbered files': {
    setup: ORDERS,
    files: {
      'migrations/0003_begin.cjs': `const { Migration } = require('@mikro-orm/migrations'); exports.Begin = class Begin extends Migration { up() {} down() {} };`,
    },
    project: { entities: `[${order(`${NUMERIC}, extra: p.string()`)}]` },
    create: ['--fill', `extra='x'`],
    written: [
      'migrations/0004_change_orders.cjs',
      'migrations/0005_fill_orders_extra.cjs',
      'migrations/0006_require_orders_extra.cjs',
      'migrations/0007_expand_orders_total.cjs',
      'migrations/0011_rename_orders_total.cjs',
    ],
  },
  EntityCaseNamingStrategy: {
    setup: [
      `create table "Order" (id serial primary key, "grandTotal" text not null, "shortNote" text)`,
      `insert into "Order" ("grandTotal") values ('1.50')`,
    ],
    project: {
      entities: `[defineEntity({ name: 'Order', properties: {
        id: p.integer().primary().autoincrement(),
        grandTotal: p.decimal().precision(12).scale(2),
        longNote: p.text().nullable(),
        extraText: p.string(),
      } })]`,
      before: `import { EntityCaseNamingStrategy } from '@mikro-orm/core';`,
      options: 'namingStrategy: EntityCaseNamingStrategy,',
    },
    create: ['--rename', 'shortNote=longNote', '--fill', `extraText='x'`],
    written: [
      'rename column "shortNote" to "longNote"',
      /set: { extraText: `'x'` }/,
      /"?name"?: "grandTotal"/,
      /expand_order_grand_total/,
    ],
  },
  'UnderscoreNamingStrategy with a prefix': {
    setup: [
      `create table app_orders (id serial primary key, grand_total text not null)`,
      `insert into app_orders (grand_total) values ('1.50')`,
    ],
    project: {
      entities: `[defineEntity({ name: 'Orders', properties: {
        id: p.integer().primary().autoincrement(),
        grandTotal: p.decimal().precision(12).scale(2),
        extraText: p.string(),
      } })]`,
      before: `import { UnderscoreNamingStrategy } from '@mikro-orm/core';
        class Prefixed extends UnderscoreNamingStrategy { classToTableName(name) { return 'app_' + super.classToTableName(name); } }`,
      options: 'namingStrategy: Prefixed,',
    },
    create: ['--fill', `extra_text='x'`],
    written: ['expand_app_orders_grand_total', /alter table "app_orders" add "extra_text"/],
  },
  'several schemas': {
    setup: [
      'create schema shop',
      ...ORDERS,
      `create table shop.orders (id serial primary key, total text not null, note text)`,
      `insert into shop.orders (total) values ('1.50')`,
    ],
    project: {
      entities: `[
        ${order(NUMERIC)},
        ${order('total: p.decimal().precision(12).scale(2), remark: p.text().nullable(), extra: p.string()', `tableName: 'orders', schema: 'shop'`).replace("name: 'Order'", "name: 'ShopOrder'")},
      ]`,
    },
    create: ['--rename', 'shop.orders.note=remark', '--fill', `extra='x'`],
    written: [
      'alter table "shop"."orders" rename column "note" to "remark"',
      /schema: ["']shop["']/,
      'expand_orders_total',
      'expand_shop_orders_total',
      'src/shop-orders/total-change.cjs',
    ],
  },
  'a default schema': {
    setup: [
      'create schema shop',
      `create table shop.orders (id serial primary key, total text not null, note text)`,
      `insert into shop.orders (total) values ('1.50')`,
    ],
    project: {
      entities: `[${order('total: p.decimal().precision(12).scale(2), remark: p.text().nullable(), extra: p.string()')}]`,
      options: `schema: 'shop',`,
    },
    create: ['--rename', 'note=remark', '--fill', `extra='x'`],
    written: ['rename column "note" to "remark"', 'expand_shop_orders_total'],
  },
  'entities of any schema': {
    setup: [...ORDERS, `create schema tenant`, `create table tenant.items (id serial primary key, v text)`],
    project: {
      entities: `[${order(NUMERIC)}, defineEntity({ name: 'Item', tableName: 'items', schema: '*', properties: { id: p.integer().primary().autoincrement(), v: p.integer() } })]`,
    },
    written: ['expand_orders_total'],
    absent: ['items'],
  },
  'safe: true': {
    setup: [...ORDERS, 'create table other (id int primary key)'],
    project: {
      entities: `[${order('total: p.decimal().precision(12).scale(2), extra: p.text().nullable()')}]`,
      migrations: `{ path: 'migrations', emit: 'cjs', safe: true }`,
    },
    create: ['--drop', 'note'],
    written: ['expand_orders_total', 'add "extra"'],
    absent: ['drop table', 'drop column "note"'],
    hasWayBack: false,
  },
  'dropTables: false': {
    setup: [...ORDERS, 'create table other (id int primary key)'],
    project: {
      entities: `[${order('total: p.text()')}, defineEntity({ name: 'Another', tableName: 'another', properties: { id: p.integer().primary() } })]`,
      migrations: `{ path: 'migrations', emit: 'cjs', dropTables: false }`,
    },
    written: ['create table "another"', 'drop column "note"'],
    absent: ['drop table "other"', 'create table "other"'],
    hasWayBack: false,
  },
  decorators: {
    setup: ORDERS,
    files: {
      // As a compiler writes them.
      'entities.js': `import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
        class Order {}
        PrimaryKey({ type: 'integer' })(Order.prototype, 'id');
        Property({ type: 'decimal', precision: 12, scale: 2 })(Order.prototype, 'total');
        Property({ type: 'text', nullable: true })(Order.prototype, 'remark');
        Entity({ tableName: 'orders' })(Order);
        export const entities = [Order];`,
    },
    project: { entities: '[]' },
    create: ['--rename', 'note=remark'],
    written: ['expand_orders_total', 'rename column "note" to "remark"'],
  },
};

it.each(Object.keys(CASES))(
  '%s',
  async (name) => {
    const {
      setup,
      project: parts,
      files = {},
      create = [],
      written,
      absent = [],
      hasWayBack = true,
    } = CASES[name]!;
    for (const statement of setup) await database.client.rows(statement);
    await using project = await openCreatedProject(database.url, { ...smallProject(parts), ...files });
    const before = await project.files();
    await succeeded(project.run('online-migration', 'create', ...create));
    const paths = (await project.files()).filter((path) => !before.includes(path));
    const texts = await Promise.all(paths.map((path) => project.read(path)));
    const all = [...paths, ...texts].join('\n');
    for (const part of written) expect(all).toMatch(part);
    for (const part of absent) expect(all).not.toMatch(part);
    await succeeded(project.run('mikro-orm', 'migration:up'));
    const again = await succeeded(project.run('online-migration', 'create'));
    expect(again).toContain('nothing to write');
    if (hasWayBack) await succeeded(project.run('mikro-orm', 'migration:down', '--to', '0'));
  },
  LIMIT_MS,
);
