import { describe, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { charToText } from '../../../src/online-migration/conversions/texts/char-to-text.ts';
import { varcharToText } from '../../../src/online-migration/conversions/texts/varchar-to-text.ts';
import { timestampToTimestamptz } from '../../../src/online-migration/conversions/times/timestamp-to-timestamptz.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { expectFullCycle, PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import {
  change,
  CHECKS,
  FOREIGN_KEYS,
  INDEXES,
  OTHERS,
  POLICIES,
  ROWS,
  STATISTICS,
  TABLE,
  TRIGGERS,
  WHOLE,
} from './carried-cases.ts';

const value = { old: (n: string) => `(${n} % 1000)::integer`, new: (n: string) => `(${n} % 1000)::bigint` };

const database = databasePerFile(TABLE, ROWS);
const { client } = database;

describe('goes over and comes back under writes:', () => {
  it('all of them together', async () => {
    const [first, ...further] = FOREIGN_KEYS;
    const others = further
      .map((key) => key.replace(`${WHOLE}; `, ''))
      .filter((key) => !key.includes('create table'));
    await expectFullCycle({
      change,
      value,
      setup: [
        TABLE,
        ROWS,
        ...CHECKS,
        ...INDEXES,
        first!,
        ...others,
        ...POLICIES,
        ...STATISTICS,
        ...TRIGGERS,
        ...OTHERS,
      ],
    });
  });

  it('of a partitioned table: its checks and indexes, with a partition that is added meanwhile', async () => {
    const partitioned = changeOf('part.size', {
      key: ['id', 'n'],
      from: 'integer',
      to: 'bigint',
      conversion: integerToBigint,
    });
    const setup = [
      `create table part (
        id bigint generated always as identity, n bigint not null, size integer not null, primary key (id, n)
      ) partition by range (n)`,
      `create table low partition of part for values from (minvalue) to (100)`,
      `create table "Middle ""part""" partition of part for values from (100) to (1000) partition by hash (id)`,
      `create table middle_1 partition of "Middle ""part""" for values with (modulus 1, remainder 0)`,
      `create table high partition of part for values from (1000) to (maxvalue)`,
      `alter table part add constraint positive check (size >= 0)`,
      `create index sizes on part (size); comment on index low_size_idx is 'of the low ones'`,
      `create unique index "Odd ""sizes""" on part (n, id, (size + 1)) where size <> 3`,
      `insert into part (n, size) select n, n from generate_series(1, 200) as n`,
    ];
    await expectFullCycle({ change: partitioned, value, setup });
    await client.rows(`drop table part; ${setup.join(';')}`);
    await database.runPhases(partitioned, PHASES.up.slice(0, 3));
    await client.rows(`
      alter table part detach partition high;
      create table later partition of part for values from (2000) to (maxvalue);
      alter table part attach partition high for values from (1000) to (2000)`);
    await database.runPhases(partitioned, PHASES.up.slice(3));
    const { indexes } = await readSchema(client);
    expect(Object.keys(indexes).filter((name) => name.includes('mirror') || name.includes('new'))).toEqual(
      [],
    );
    expect(Object.values(indexes).filter((definition) => definition.endsWith('not valid'))).toEqual([]);
    // Three indexes of six tables.
    expect(Object.keys(indexes)).toHaveLength(18);
  });
});

describe('a check or an index that PostgreSQL writes in another way for the other type', () => {
  const toText = changeOf('part.name', {
    from: 'varchar(50)',
    to: 'text',
    conversion: varcharToText(50),
    nullable: true,
  });

  it('comes back byte for byte', async () => {
    await client.rows(`
      alter table part alter name type varchar(50);
      alter table part add constraint named check (name <> '' and length(name) < 40);
      create index lower_name on part (lower(name)) where name <> 'x'`);
    const before = await readSchema(client);
    await database.runPhases(toText, PHASES.up);
    const after = await readSchema(client);
    expect(after.constraints['part.named']).toBe(`CHECK (((name <> ''::text) AND (length(name) < 40)))`);
    expect(after.indexes['lower_name']).toBe(
      `CREATE INDEX lower_name ON public.part USING btree (lower(name)) WHERE (name <> 'x'::text)`,
    );
    await database.runPhases(toText, PHASES.down);
    expect(await readSchema(client)).toEqual(before);
  });

  it('comes back as PostgreSQL writes it, if it was made anew meanwhile', async () => {
    await client.rows(`
      alter table part alter name type varchar(50);
      alter table part add constraint named check (name <> '')`);
    await database.runPhases(toText, PHASES.up);
    await client.rows(`
      alter table part drop constraint named; alter table part add constraint named check (name <> 'none')`);
    await database.runPhases(toText, PHASES.down);
    expect((await readSchema(client)).constraints['part.named']).toBe(
      `CHECK (((name)::text <> 'none'::text))`,
    );
  });
});

it('a foreign key goes over to a type that PostgreSQL converts for it', async () => {
  await client.rows(`
    create table currency (code char(3) primary key); insert into currency values ('EUR'), ('USD');
    alter table part add currency char(3) not null default 'EUR' references currency; alter table part alter currency drop default`);
  const before = await readSchema(client);
  const toText = changeOf('part.currency', { from: 'char(3)', to: 'text', conversion: charToText(3) });
  await database.runPhases(toText, PHASES.up);
  await expect(
    client.rows(`insert into part (n, size, currency) values (1, 1, 'GBP')`),
  ).rejects.toMatchObject({
    code: '23503',
  });
  await client.rows(`insert into part (n, size, currency) values (1, 1, 'USD')`);
  await database.runPhases(toText, PHASES.down);
  expect(await readSchema(client)).toEqual(before);
});

describe('a condition that does not fit the other type', () => {
  const moments = {
    from: 'timestamp',
    to: 'timestamptz',
    conversion: timestampToTimestamptz('UTC'),
  } as const;
  const toMoment = changeOf('part.made', moments);
  const before = `made >= '2000-01-01'::timestamp`;

  it('is refused if it would depend on the time zone of a session', async () => {
    await client.rows(
      `alter table part add made timestamp not null default '2020-01-01', add planned timestamp, add constraint made_late check (made >= planned)`,
    );
    await client.rows(`alter table part alter made drop default`);
    const context = await database.open(toMoment);
    await expect(expand(context)).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        /The check made_late, \(made >= .*\), does not fit timestamptz: for timestamptz, its result depends on settings of the session.*`from\.checks` and `to\.checks`/,
      ),
    );
  });

  it('is taken from the declaration, each way', async () => {
    await client.rows(
      `alter table part add made timestamp not null default '2020-01-01', add constraint made_late check (${before})`,
    );
    await client.rows(`alter table part alter made drop default`);
    const declared = changeOf('part.made', {
      ...moments,
      from: { type: 'timestamp', checks: { made_late: before } },
      to: { type: 'timestamptz', checks: { made_late: `made >= '2000-01-01 00:00+00'` } },
    });
    const schema = await readSchema(client);
    const turnedBack = [...PHASES.down.slice(0, 2), ...PHASES.up.slice(3)];
    for (const phases of [PHASES.up, turnedBack]) {
      await database.runPhases(declared, phases);
      expect((await readSchema(client)).constraints['part.made_late']).toBe(
        `CHECK ((made >= '2000-01-01 00:00:00+00'::timestamp with time zone))`,
      );
    }
    await expect(
      client.rows(`insert into part (n, size, made) values (1, 1, '1999-01-01')`),
    ).rejects.toMatchObject({
      code: '23514',
    });
    await database.runPhases(declared, PHASES.down);
    expect(await readSchema(client)).toEqual(schema);
  });

  it.each([
    [
      { made_late: `made > '2000-01-01'` },
      /The check made_late is \(made >= .*: declare `from\.checks` exactly so/,
    ],
    [{ made_late: 'made >' }, /The check made_late is \(made >= .*: declare `from\.checks` exactly so/],
    [{ made_early: before }, /part has no check made_early that uses made: take it out of `checks`/],
  ])('is refused if the declaration has another one before: %j', async (checks, reason) => {
    await client.rows(
      `alter table part add made timestamp not null default '2020-01-01', add constraint made_late check (${before})`,
    );
    await client.rows(`alter table part alter made drop default`);
    const after = Object.fromEntries(Object.keys(checks).map((name) => [name, 'true']));
    const declared = changeOf('part.made', {
      ...moments,
      from: { type: 'timestamp', checks },
      to: { type: 'timestamptz', checks: after },
    });
    await expect(expand(await database.open(declared))).rejects.toMatchObject(
      refusedWith('OBSTACLES', reason),
    );
  });

  it('is refused by enforce, and lets the application write as before, if rows do not have it in the other type', async () => {
    await client.rows(`alter table part add constraint odd check (size <> 7 or name = 'part 7')`);
    const declared = changeOf('part.size', {
      from: { type: 'integer', checks: { odd: `size <> 7 or name = 'part 7'` } },
      to: { type: 'bigint', checks: { odd: 'size <> 8' } },
      conversion: integerToBigint,
    });
    const context = await database.open(declared);
    for (const phase of [expand, backfill]) await phase(context);
    await expect(enforce(context)).rejects.toMatchObject(
      refusedWith('CHECK_VIOLATED', /select \* from "public"\."part" where not \(\(size_new <> 8\)\)$/),
    );
    await client.rows(`insert into part (n, size) values (8, 8)`);
    await client.rows(`delete from part where size = 8`);
    await enforce(context);
  });
});
