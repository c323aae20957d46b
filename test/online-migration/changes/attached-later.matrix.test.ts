import { beforeEach, describe, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { revertBackfill } from '../../../src/online-migration/phases/revert-backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand, revertExpand } from '../../../src/online-migration/phases/expand.ts';
import type { PhaseContext } from '../../../src/online-migration/phases/phase.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import type { PhaseFunction } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { runInOtherProcess } from '../../support/run-in-other-process.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const change = changeOf('part.size', { from: 'integer', to: 'bigint', conversion: integerToBigint });

const database = databasePerFile(
  `drop publication if exists sizes`,
  `create table part (id bigint primary key, name text, size integer not null)`,
  `insert into part select n, 'part ' || n, n from generate_series(1, 100) as n`,
);
const { client } = database;
let context: PhaseContext;

beforeEach(async () => {
  context = await database.open(change);
});

const run = (...phases: PhaseFunction[]) => database.runPhases(change, phases);

describe('what was attached to the old column while the change is under way', () => {
  const ATTACHED = [
    [
      `create function is_size(integer) returns boolean language sql immutable as 'select true';
       alter table part add constraint positive check (is_size(size))`,
      'The check positive, is_size\\(size\\), does not fit bigint: function is_size\\(bigint\\) does not exist',
    ],
    [
      `create view big as select id from part where size > 9; create table kept (was big)`,
      'The view public\\.big cannot go over by itself: column was of table public\\.kept depends on it',
    ],
    [
      `create function half(integer) returns integer language sql immutable as 'select $1';
       create index halved on part (half(size))`,
      'The index halved cannot go over by itself: function half\\(bigint\\) does not exist',
    ],
    [`alter table part alter size set default 3`, 'size has the default 3: declare'],
    [`create sequence sizes owned by part.size`, 'The sequence public\\.sizes belongs to size and would go'],
    [
      `create function f() returns trigger language plpgsql as $$ begin new.name := 'x'; return new; end $$;
       create trigger "~~last" before update on part for each row execute function f()`,
      'The BEFORE trigger "~~last" of part fires behind the sync trigger',
    ],
    [
      `create function f() returns trigger language plpgsql as $$ begin perform new.size; return null; end $$;
       create trigger watch after update on part for each row execute function f()`,
      'The trigger function public\\.f\\(\\) of part names size',
    ],
    [
      `create rule quiet as on delete to part do instead nothing`,
      'The rule quiet rewrites statements on part',
    ],
    [`create table history (was part)`, 'The column was of history is of the type part'],
    [`create publication sizes for table part`, 'The publication sizes publishes part'],
  ] as const;

  it.each(ATTACHED)('is found by enforce, which changes nothing: %s', async (setup, reason) => {
    await run(expand, backfill);
    await client.rows(setup);
    const before = await readSchema(client);
    await expect(enforce(context)).rejects.toThrow(
      new RegExp(`^Cannot enforce public\\.part\\.size; nothing was changed:\\n  ${reason}`),
    );
    expect(await readSchema(client)).toEqual(before);
  });

  it.each(ATTACHED)('is found by contract, which changes nothing: %s', async (setup, reason) => {
    await run(expand, backfill, enforce);
    await client.rows(setup);
    const before = await readSchema(client);
    await expect(contract(context)).rejects.toThrow(
      new RegExp(`^Cannot contract public\\.part\\.size; nothing was changed:\\n  ${reason}`),
    );
    expect(await readSchema(client)).toEqual(before);
  });

  it('is found by contract, and carried over by the next run, if it is an index that came behind the proof', async () => {
    await run(expand, backfill, enforce);
    const behindProof: PhaseContext = {
      ...context,
      emit: ({ type, message }) => {
        if (type !== 'lock-held') return;
        if (message.startsWith('contract: keep old values: held')) {
          runInOtherProcess(database.url, `create index late on part (size)`);
        }
      },
    };
    await expect(contract(behindProof)).rejects.toMatchObject(
      refusedWith('ATTACHED_MEANWHILE', /late was made on size meanwhile/),
    );
    await contract(context);
    expect(await client.value(`select pg_get_indexdef('late'::regclass)`)).toMatch(/\(size_new\)/);
  });

  it('is found by contract when it came behind the proof', async () => {
    await run(expand, backfill, enforce);
    const behindProof: PhaseContext = {
      ...context,
      emit: (event) => {
        if (event.type === 'lock-held' && event.purpose === 'contract: keep old values')
          runInOtherProcess(database.url, ATTACHED[0][0]);
      },
    };
    await expect(contract(behindProof)).rejects.toMatchObject(
      refusedWith('OBSTACLES', 'The check positive, is_size(size), does not fit bigint'),
    );
    await client.rows(`alter table part drop constraint positive`);
    await contract(context);
    expect(await client.value(`select count(*)::int from part where size_new = id`)).toBe(100);
  });

  it('is no publication of other columns alone', async () => {
    await run(expand, backfill);
    // Older servers know no lists of columns.
    if (SERVER_MAJOR >= 15) await client.rows('create publication sizes for table part (id, name)');
    await run(enforce, contract);
    expect(await client.value('select count(*)::int from part where size_new = id')).toBe(100);
  });

  it('is let through when a person has judged it', async () => {
    await run(expand, backfill);
    await client.rows(`
      create function f() returns trigger language plpgsql as $$ begin perform to_jsonb(new) ->> 'size'; return null; end $$;
      create trigger watch after update on part for each row execute function f();
      create publication sizes for table part`);
    const judged = await database.open({ ...change, reviewed: ['public.f()', 'publication sizes'] });
    await enforce(judged);
    await expect(contract(context)).rejects.toThrow("add 'public.f()' to `reviewed`");
    await contract(judged);
    await client.rows(`update part set name = 'x' where id = 1`);
  });

  it('goes over where it can', async () => {
    await run(expand, backfill, enforce);
    await client.rows(`create index sizes on part (size)`);
    await contract(context);
    expect(await client.value(`select pg_get_indexdef('sizes'::regclass)`)).toContain('(size_new)');
  });
});

describe('a contract that is refused behind its proof', () => {
  it('lets the application write as before, also in a table without a key', async () => {
    await client.rows(`create table note (price text not null)`);
    const keyless = changeOf('note.price', {
      key: [],
      from: 'text',
      to: 'numeric(12,2)',
      conversion: textToNumeric(12, 2),
    });
    const onNote = await database.open(keyless);
    for (const phase of [expand, backfill, enforce]) await phase(onNote);
    // Nothing leads from 7.50 back to this text, and there is no key to keep it under.
    const write = () => client.rows(`insert into note (price) values ('007.5')`);
    await write();
    await expect(contract(onNote)).rejects.toMatchObject(
      refusedWith(
        'EQUALITY_PROOF_FAILED',
        /^Cannot contract public\.note\.price: price and price_new differ/,
      ),
    );
    await write();
    expect(await client.value(`select count(*)::int from note where price_new = 7.5`)).toBe(2);
  });
});

describe('what was attached to the new column', () => {
  it('stays with it when the old column rules again: its comment, its statistics and its default', async () => {
    await client.rows(`comment on column part.size is 'in mm'`);
    await run(expand, backfill);
    await client.rows(
      `comment on column part.size_new is 'interim'; alter table part alter size_new set statistics 7`,
    );
    await run(enforce, revertEnforce);
    expect(
      await client.rows(`
        select col_description(attrelid, attnum) as comment, nullif(attstattarget, -1)::int as statistics
        from pg_attribute where attrelid = 'part'::regclass and attname = 'size'`),
    ).toEqual([{ comment: 'in mm', statistics: null }]);
  });

  it('is found by the way back of contract before it adds the old column', async () => {
    await run(expand, backfill, enforce, contract);
    await client.rows(
      `create view big as select id from part where size_new > 9; create table kept (was big)`,
    );
    await expect(revertContract(context)).rejects.toThrow(
      /^Cannot revert the contract of public\.part\.size; nothing was changed:\n {2}The view public\.big cannot go over by itself: column was/,
    );
    expect(
      await client.value(
        `select count(*)::int from pg_attribute where attrelid = 'part'::regclass and attname = 'size'`,
      ),
    ).toBe(0);
  });

  it('does not keep the old column from ruling again, and is found by the way back of expand', async () => {
    await run(expand, backfill, enforce);
    await client.rows(
      `create index later on part (size_new); alter table part add constraint positive check (size_new > 0)`,
    );
    await run(revertEnforce, revertBackfill);
    await expect(revertExpand(context)).rejects.toThrow(
      /^Cannot revert the expand of public\.part\.size; nothing was changed:\n {2}The check positive of "public"\."part" uses size_new and would go with it/,
    );
    await client.rows(`alter table part drop constraint positive`);
    await revertExpand(context);
    expect(await client.value(`select to_regclass('later')`)).toBeNull();
  });
});
