import { describe, expect, it } from '@jest/globals';
import { planMigration } from '../../../src/online-migration/ordinary/plan-migration.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table orders (id serial primary key, note text not null)`,
  `insert into orders (note) select 'a' from generate_series(1, 1000)`,
);

async function verdictsOn(...statements: string[]): Promise<string[]> {
  await using session = await Session.open({ connectionString: database.url }, 'migration');
  const plan = await planMigration(session, statements);
  return plan.statements.map(({ verdict }) => verdict.kind);
}

describe('a type that an earlier statement of the migration makes', () => {
  it.each([
    ['an enum', `create type st as enum ('a', 'b')`, `alter table orders alter note type st using note::st`],
    [
      'an enum of a new schema',
      `create schema s; create type s.st as enum ('a')`,
      `alter table orders alter note type s.st using note::text::s.st`,
    ],
    [
      'a domain',
      `create domain short as text check (length(value) < 9)`,
      `alter table orders alter note type short`,
    ],
    [
      'a domain with a check',
      `create domain short as text check (length(value) < 9)`,
      `alter table orders add x short null`,
    ],
    [
      'a domain that is not null',
      `create domain public.short as text default 'a' not null`,
      `alter table orders add x public.short`,
    ],
  ])('rewrites the table, so it is refused as the type of a column: %s', async (_, type, statement) => {
    expect((await verdictsOn(type, statement)).at(-1)).toBe('refused');
  });

  it('does not stand in the way of a new column', async () => {
    expect(
      await verdictsOn(
        `create type st as enum ('a')`,
        `create domain plain as text`,
        `alter table orders add st st not null default 'a'`,
        `alter table orders add x plain null`,
      ),
    ).toEqual(['as-written', 'as-written', 'as-written', 'as-written']);
  });
});
