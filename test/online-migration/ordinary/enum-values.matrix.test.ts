import { describe, expect, it } from '@jest/globals';
import { ordinaryRun } from '../../support/ordinary-run.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create type "State ""s""" as enum ('new', 'paid')`,
  `create type unused as enum ('a', 'b')`,
  `create table orders (id int primary key, state "State ""s""" not null default 'new', states "State ""s"""[])`,
  `insert into orders select n from generate_series(1, 100) n`,
  `create table empty (state unused)`,
  `analyze`,
);

const { plan, run, runWithInterruptions, catalogAsWritten, catalog, harmfulIn } = ordinaryRun(database);

const ADD = `alter type "State ""s""" add value if not exists 'sent' after 'new'`;

/** A statement uses the new value. */
const USES: readonly string[] = [
  `alter table orders alter state set default 'sent'`,
  `update orders set state = 'sent' where id < 10`,
  `insert into orders values (1000, 'sent')`,
  `alter table orders add "Other" "State ""s""" not null default 'sent'`,
  `alter table orders add constraint c check (state <> 'sent')`,
  `create index on orders (id) where state = 'sent'`,
  `create table more (state "State ""s""" default 'sent')`,
  `create view sent as select id from orders where state = 'sent'`,
  `select count(*) from orders where state = 'sent'`,
];

describe('an ordinary migration that adds a value to an enum', () => {
  it.each(USES)('commits it before it is used: %s', async (use) => {
    await run([`create table before ()`, ADD, use]);
    expect(await database.client.value(`select 'sent'::"State ""s""" > 'new'`)).toBe(true);
  });

  it('leads to the same catalog, also if it is interrupted', async () => {
    const statements = [
      ADD,
      `alter table orders alter state set default 'sent'`,
      `create index on orders (state)`,
    ];
    await database.client.rows(ADD);
    const expected = await catalogAsWritten(statements.slice(1));
    expect(await harmfulIn(statements.slice(1))).toEqual([]);
    await database.client.rows(
      `drop index orders_state_idx; alter table orders alter state set default 'new'`,
    );
    await runWithInterruptions(statements);
    expect(await catalog()).toEqual(expected);
  });
});

describe('an ordinary migration that renames a value of an enum', () => {
  it('is refused if a table with rows uses it', async () => {
    await expect(run([`alter type "State ""s""" rename value 'paid' to 'settled'`])).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      message: expect.stringMatching(
        /still write 'paid' to public\.orders fail.*`alter type "State ""s""" add value 'settled'`/,
      ),
    });
  });

  it('runs as it is if no row has it', async () => {
    const statements = [
      `alter type unused rename value 'a' to 'aa'`,
      `create type made as enum ('x')`,
      `alter type made rename value 'x' to 'y'`,
    ];
    expect((await plan(statements)).steps.map(({ kind }) => kind)).toEqual(['together']);
    await run(statements);
  });

  it('is refused if it removes a value by another type', async () => {
    const { statements } = await plan([
      `alter type "State ""s""" rename to state_old`,
      `create type "State ""s""" as enum ('new')`,
      `alter table orders alter state type "State ""s""" using state::text::"State ""s"""`,
    ]);
    expect(statements.at(-1)!.verdict.kind).toBe('refused');
  });
});
