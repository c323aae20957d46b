import { FIRST_MIGRATIONS } from '../../support/new-migrations.ts';
import { describe, expect, it } from '@jest/globals';
import { columnNames } from '../../../src/online-migration/new-change/columns-option.ts';
import type { NewChange } from '../../../src/online-migration/new-change/new-change.ts';
import { planChange, type WantedChange } from '../../../src/online-migration/new-change/plan-change.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table "User" (id integer primary key, "Name" varchar(10), total integer, "Total" integer)`,
  `drop schema if exists "Shop €" cascade`,
  `create schema "Shop €"`,
  `create table "Shop €"."order lines" (id integer primary key, note varchar(10))`,
  `create table plain (id integer primary key, note varchar(10))`,
  `create table "Plain" (id integer primary key)`,
  `create type "Mood" as enum ('good')`,
  `create type "Shop €"."kind (3)" as enum ('a')`,
  `create type state as enum ('new')`,
  `create type "State" as enum ('new')`,
  // A table in a schema, and a table whose name reads the same.
  `create schema if not exists shop`,
  `drop table if exists shop.item`,
  `create table shop.item (id integer primary key)`,
  `create table "shop.item" (id integer primary key)`,
);

const NOTHING: WantedChange = {
  table: '',
  columns: ['id'],
  from: undefined,
  to: 'bigint',
  newColumn: undefined,
  zone: undefined,
  rename: undefined,
  renameInContract: false,
};

async function plan(wanted: Partial<WantedChange>): Promise<NewChange> {
  const context = await database.open({
    table: { schema: 'public', name: 'plain' },
    key: 'id',
    columns: [{ from: { name: 'id', type: 'integer' }, to: { name: 'x', type: 'integer' } }],
  });
  return planChange(context.session, { ...NOTHING, ...wanted }, FIRST_MIGRATIONS, []);
}

describe('npx online-migration new understands names with and without SQL quotes', () => {
  it.each([
    ['User', 'id', 'public.User.id'],
    ['"User"', '"Name"', 'public.User.Name'],
    ['public."User"', 'Name', 'public.User.Name'],
    ['PUBLIC."User"', 'ID', 'public.User.id'],
    ['"Shop €"."order lines"', 'note', 'Shop €.order lines.note'],
    ['Shop €.order lines', '"note"', 'Shop €.order lines.note'],
    ['plain', 'NOTE', 'public.plain.note'],
    ['"shop.item"', 'id', 'public.shop.item.id'],
    ['"shop"."item"', 'id', 'shop.item.id'],
  ])('--table %s --column %s', async (table, column, expected) => {
    const { change, columns } = await plan({ table, columns: [column], to: 'bytea' });
    expect(`${change.table.schema}.${change.table.name}.${columns[0].change.oldColumn.name}`).toBe(expected);
  });

  it.each([
    ['total', ['total']],
    ['"Name",total', ['Name', 'total']],
    [' "Name" ,  TOTAL', ['Name', 'total']],
    ['"a, ""b"""," c "', ['a, "b"', ' c ']],
    ['a "b",total', ['a "b"', 'total']],
  ])('--columns %j', async (text, expected) => {
    await database.client.rows(
      `create table "${expected.length} columns" (id integer primary key, ${expected.map((name) => `"${name.replaceAll('"', '""')}" integer`).join(', ')})`,
    );
    const { change } = await plan({
      table: `${expected.length} columns`,
      columns: columnNames(text),
      to: 'bytea',
    });
    expect(change.columns.map(({ from }) => from.name)).toEqual(expected);
  });

  it.each([
    ['Mood', 'public."Mood"'],
    ['"Mood"', 'public."Mood"'],
    ['Mood[]', 'public."Mood"[]'],
    ['Shop €.kind (3)', '"Shop €"."kind (3)"'],
    ['"Shop €"."kind (3)"', '"Shop €"."kind (3)"'],
    ['VARCHAR( 20 )', 'character varying(20)'],
    ['"State"', 'public."State"'],
    ['state', 'public.state'],
    ['Char', 'character(1)'],
  ])('--to %s', async (to, expected) => {
    const { columns } = await plan({ table: 'plain', columns: ['note'], to });
    expect(columns[0].change.newColumn.type).toBe(expected);
  });

  it.each([
    ['"Label"', 'Label'],
    ['Label', 'Label'],
    ['"a ""b"""', 'a "b"'],
    ['a "b"', 'a "b"'],
    ['"a"."b"', '"a"."b"'],
  ])('--new-column and --rename %s', async (text, expected) => {
    const changed = await plan({ table: 'plain', newColumn: text });
    expect(changed.columns[0].change.newColumn.name).toBe(expected);
    const renamed = await plan({ table: 'plain', rename: text });
    expect(renamed.columns[0].change.newColumn.name).toBe(expected);
  });

  it.each<[Partial<WantedChange>, string]>([
    [
      { table: 'Plain' },
      `--table Plain can mean several, and nothing was written. Give its name in quotes, as in SQL: --table '"public"."Plain"' or --table '"public"."plain"'.`,
    ],
    [
      { table: 'shop.item' },
      `--table shop.item can mean several, and nothing was written. Give its name in quotes, as in SQL: --table '"public"."shop.item"' or --table '"shop"."item"'.`,
    ],
    [
      { table: 'User', columns: ['Total'] },
      `--column Total can mean several, and nothing was written. Give its name in quotes, as in SQL: --column '"total"' or --column '"Total"'.`,
    ],
    [
      { table: 'plain', columns: ['note'], to: 'State' },
      `--to State can mean public.state and public."State", and nothing was written. Give it as SQL writes it: --to 'public.state'.`,
    ],
  ])('and refuses %j, which has two meanings', async (wanted, message) => {
    await expect(plan(wanted)).rejects.toMatchObject(refusedWith('NAME_AMBIGUOUS', message));
  });
});
