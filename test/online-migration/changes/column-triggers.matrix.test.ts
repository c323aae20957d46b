import { describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToTimestamptz } from '../../../src/online-migration/conversions/times/text-to-timestamptz.ts';
import { changeOf } from '../../support/change-of.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { revertBackfill } from '../../../src/online-migration/phases/revert-backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand, revertExpand } from '../../../src/online-migration/phases/expand.ts';
import { openContext, PHASES } from '../../support/change-cycle.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { createRole } from '../../support/roles.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const TABLE = `
  create table part (id bigint primary key, name text, size integer not null);
  insert into part select n, 'part ' || n, n from generate_series(1, 20) as n;
  create table firing (place bigint generated always as identity, trigger text, arguments text[]);
  create function note() returns trigger language plpgsql as $$
  begin
    insert into firing (trigger, arguments) values (tg_name, tg_argv);
    return case when tg_level = 'ROW' then case when tg_op = 'DELETE' then old else new end end;
  end $$`;

const database = databasePerFile(`drop schema if exists "Odd ""schema""" cascade`, TABLE);
const { client } = database;
const change = changeOf('part.size', { from: 'integer', to: 'bigint', conversion: integerToBigint });

/** Everything that the catalog knows of the triggers of users, also in partitions. */
const readTriggers = () =>
  client.rows(`
    select t.tgrelid::regclass::text as table, pg_get_triggerdef(t.oid) as definition, t.tgenabled as enabled,
      obj_description(t.oid, 'pg_trigger') as comment, obj_description(t.tgconstraint, 'pg_constraint') as constraint_comment,
      array(
        select e.extname from pg_depend d join pg_extension e on e.oid = d.refobjid
        where d.classid = 'pg_trigger'::regclass and d.objid = t.oid and d.deptype = 'x'
      ) as extensions
    from pg_trigger t join pg_proc p on p.oid = t.tgfoid
    where p.proname in ('note', 'closed_note') order by 1, 2`);

/** The triggers that a statement has fired. */
async function firedBy(statement: string): Promise<string[]> {
  await client.rows('truncate firing');
  await client.rows(statement);
  return (await client.rows<{ trigger: string }>('select trigger from firing order by place')).map(
    ({ trigger }) => trigger,
  );
}

/** The column that the statements of each stage can write, behind the phase that leads to it. */
const STAGES = [...PHASES.up, ...PHASES.down].map((phase, place) => ({ phase, name: phase.name, place }));
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  expand: ['size'],
  backfill: ['size'],
  enforce: ['size', 'size_new'],
  contract: ['size_new'],
  rename: ['size'],
  revertRename: ['size_new'],
  revertContract: ['size', 'size_new'],
  // Until each application has switched, some still write the new column.
  revertEnforce: ['size', 'size_new'],
  revertBackfill: ['size'],
  revertExpand: ['size'],
};

/** Goes up and down, and compares the firings of statements in each stage. */
async function expectFirings(
  firings: readonly (readonly [statement: (column: string) => string, fired: readonly string[]])[],
): Promise<void> {
  const context = await database.open(change);
  for (const { phase, name } of STAGES) {
    await phase(context);
    for (const column of COLUMNS[name]!) {
      for (const [statement, fired] of firings) {
        const text = statement(column);
        expect({ name, text, fired: await firedBy(text) }).toEqual({ name, text, fired });
      }
    }
  }
}

describe('a trigger of the column goes over and comes back, and fires once for each statement:', () => {
  const SETUPS: Readonly<Record<string, string>> = {
    after: `create trigger watch after update of size on part for each row execute function note('it''s', 'odd')`,
    before: `create trigger watch before insert or update of size on part for each row execute function note()`,
    'of a statement': `create trigger watch after update of size or truncate on part execute function note()`,
    'a constraint trigger': `create constraint trigger watch after update of size on part deferrable initially deferred
      for each row execute function note(); comment on constraint watch on part is 'it''s deferred'`,
    'with a comment': `create trigger watch after update of size on part for each row execute function note();
      comment on trigger watch on part is 'it''s watched'; alter trigger watch on part depends on extension plpgsql`,
  };

  it.each(Object.entries(SETUPS))('%s', async (_kind, setup) => {
    await client.rows(setup);
    const before = { schema: await readSchema(client), triggers: await readTriggers() };
    await expectFirings([
      [(column) => `update part set ${column} = 7 where id = 1`, ['watch']],
      [(column) => `update part set ${column} = 8, name = 'x' where id = 1`, ['watch']],
      [() => `update part set name = 'y' where id = 1`, []],
    ]);
    expect({ schema: await readSchema(client), triggers: await readTriggers() }).toEqual(before);
  });

  it('with further columns in its list, and with odd names', async () => {
    await client.rows(`
      alter table part add "Odd ""size" text;
      create trigger "Odd UPDATE OF size ON ""watch""" after insert or delete or update of name, size, "Odd ""size" on part
      for each row execute function note()`);
    const before = await readTriggers();
    const fired = ['Odd UPDATE OF size ON "watch"'];
    await expectFirings([
      [(column) => `update part set ${column} = 7, name = 'x' where id = 1`, fired],
      [(column) => `update part set ${column} = 8 where id = 1`, fired],
      [() => `update part set "Odd ""size" = 'y' where id = 1`, fired],
      [() => `update part set id = id where id = 1`, []],
    ]);
    expect(await readTriggers()).toEqual(before);
  });

  it('that is disabled, or that fires for replication or always', async () => {
    await client.rows(`
      create trigger a_disabled after update of size on part for each row execute function note();
      create trigger b_replica after update of size on part for each row execute function note();
      create trigger c_always after update of size on part for each row execute function note();
      alter table part disable trigger a_disabled, enable replica trigger b_replica, enable always trigger c_always`);
    const before = await readTriggers();
    await expectFirings([[(column) => `update part set ${column} = 7 where id = 1`, ['c_always']]]);
    expect(await readTriggers()).toEqual(before);
  });

  it('that fires once for a statement that sets both columns', async () => {
    await client.rows(
      `create trigger watch after update of size on part for each row execute function note()`,
    );
    await database.runPhases(change, PHASES.up.slice(0, 3));
    expect(await firedBy(`update part set size = 7, size_new = 7 where id = 1`)).toEqual(['watch']);
  });
});

describe('a trigger with a condition on the column goes over and comes back:', () => {
  const CONDITIONS: Readonly<Record<string, string>> = {
    'after a change of the value': `after update on part for each row when (old.size is distinct from new.size)`,
    'after a change, in another order and with other columns': `after update of size, name on part
      for each row when (new.size <> old.size and not (new.name = 'quiet'))`,
    'with a transition table': `after update on part referencing old table as before new table as after
      for each row when (new.size <> old.size)`,
    'with a value and a function': `after update on part for each row
      when (coalesce(new.size, 0) > 5 and old.size <> new.size and length(new.name) > 0)`,
  };

  it.each(Object.entries(CONDITIONS))('%s', async (_kind, setup) => {
    await client.rows(`create trigger watch ${setup} execute function note()`);
    const before = { schema: await readSchema(client), triggers: await readTriggers() };
    await expectFirings([
      [(column) => `update part set ${column} = ${column} + 10 where id = 1`, ['watch']],
      [(column) => `update part set ${column} = ${column} where id = 1`, []],
      [() => `update part set id = id where id = 1`, []],
    ]);
    expect({ schema: await readSchema(client), triggers: await readTriggers() }).toEqual(before);
  });

  it('before a write, if it tests the old row alone', async () => {
    await client.rows(`create trigger watch before update or delete on part
      for each row when (old.size = 3) execute function note()`);
    const before = await readTriggers();
    await expectFirings([
      [(column) => `update part set ${column} = 4 where id = 3`, ['watch']],
      [(column) => `update part set ${column} = 3 where id = 3`, []],
    ]);
    expect(await readTriggers()).toEqual(before);
  });

  it('of a varchar that becomes a timestamptz, whose changes PostgreSQL writes as those of texts', async () => {
    await client.rows(`
      create table event (id bigint primary key, at varchar(50) not null);
      insert into event values (1, '2024-01-01 00:00:00');
      create trigger watch after update of at on event
      for each row when (new.at is distinct from old.at) execute function note()`);
    const ofEvent = changeOf('event.at', {
      from: 'varchar(50)',
      to: 'timestamptz',
      conversion: textToTimestamptz,
    });
    const before = await readTriggers();
    await database.runPhases(ofEvent, PHASES.up);
    expect(await readTriggers()).toMatchObject([
      {
        definition:
          'CREATE TRIGGER watch AFTER UPDATE OF at ON public.event FOR EACH ROW ' +
          'WHEN ((new.at IS DISTINCT FROM old.at)) EXECUTE FUNCTION note()',
      },
    ]);
    expect(await firedBy(`update event set at = '2024-01-02 00:00:00+00'`)).toEqual(['watch']);
    await database.runPhases(ofEvent, PHASES.down);
    expect(await readTriggers()).toEqual(before);
  });

  it('byte for byte, also if PostgreSQL writes it with casts for the other type', async () => {
    await client.rows(`create trigger watch after update on part
      for each row when (coalesce(new.size, 1) > 5) execute function note()`);
    const before = await readTriggers();
    await database.runPhases(change, PHASES.up);
    expect(await readTriggers()).toMatchObject([
      { definition: expect.stringContaining('COALESCE(new.size, (1)::bigint) > 5') },
    ]);
    await database.runPhases(change, PHASES.down);
    expect(await readTriggers()).toEqual(before);
  });

  it('of a change without a way back: from enforce on, it tests the new column', async () => {
    const oneWay = changeOf('part.size', {
      from: 'integer',
      to: 'text',
      conversion: { forward: (size: string) => `${size}::text`, backward: 'not reversible' },
    });
    await client.rows(`create trigger watch after update on part
      for each row when (old.size is distinct from new.size) execute function note()`);
    await database.runPhases(oneWay, PHASES.up.slice(0, 3));
    expect(await firedBy(`update part set size_new = 'big' where id = 1`)).toEqual(['watch']);
    // Both old values are null.
    expect(await firedBy(`update part set size_new = 'bigger' where id = 1`)).toEqual(['watch']);
    expect(await firedBy(`update part set size = 9 where id = 2`)).toEqual(['watch']);
    await database.runPhases(oneWay, PHASES.up.slice(3));
    expect(await firedBy(`update part set size = 'biggest' where id = 1`)).toEqual(['watch']);
  });
});

it('a trigger of several changed columns fires once for each statement, and comes back', async () => {
  const [size] = change.columns;
  const both: ColumnChange = {
    ...change,
    name: 'sizes',
    columns: [
      size!,
      {
        ...size!,
        from: { name: 'Odd "size', type: 'integer' },
        to: { name: 'Odd "size_new', type: 'bigint' },
      },
    ],
  };
  await client.rows(`
    alter table part add "Odd ""size" integer not null default 1;
    alter table part alter "Odd ""size" drop default;
    create trigger listed after update of "Odd ""size", name, size on part for each row execute function note();
    create trigger tested after update of size, "Odd ""size" on part
    for each row when (new.size <> old.size or new."Odd ""size" > new.size) execute function note()`);
  const before = { schema: await readSchema(client), triggers: await readTriggers() };
  await database.runPhases(both, PHASES.up.slice(0, 3));
  for (const suffix of ['', '_new']) {
    const odd = `"Odd ""size${suffix}"`;
    const set = `update part set size${suffix} = size${suffix} + 1, ${odd} = ${odd} + 1, name = 'x' where id = 1`;
    expect(await firedBy(set)).toEqual(['listed', 'tested']);
    expect(await firedBy(`update part set ${odd} = 0 where id = 1`)).toEqual(['listed']);
    expect(await firedBy(`update part set ${odd} = 1000 where id = 1`)).toEqual(['listed', 'tested']);
    await client.rows(`update part set ${odd} = 1 where id = 1`);
  }
  await database.runPhases(both, PHASES.up.slice(3));
  expect(await firedBy(`update part set size = size + 1, name = 'x' where id = 1`)).toEqual([
    'listed',
    'tested',
  ]);
  await database.runPhases(both, PHASES.down);
  expect({ schema: await readSchema(client), triggers: await readTriggers() }).toEqual(before);
});

it('triggers of a partitioned table go over in all partitions, each of them enabled or disabled as it was', async () => {
  const partitioned = changeOf('part.size', {
    key: ['id', 'n'],
    from: 'integer',
    to: 'bigint',
    conversion: integerToBigint,
  });
  await client.rows(`
    drop table part;
    create table part (id bigint, n bigint, size integer not null, primary key (id, n)) partition by range (n);
    create table low partition of part for values from (minvalue) to (100);
    create table "Middle ""part" partition of part for values from (100) to (1000) partition by hash (id);
    create table middle_1 partition of "Middle ""part" for values with (modulus 1, remainder 0);
    insert into part values (1, 1, 1), (2, 200, 2);
    create trigger watch after update of size on part for each row when (new.size <> old.size) execute function note();
    create trigger whole after update of size on part execute function note();
    alter table low enable always trigger watch;
    alter table middle_1 disable trigger watch;
    comment on trigger watch on low is 'it''s low'`);
  const before = await readTriggers();
  await database.runPhases(partitioned, PHASES.up.slice(0, 3));
  for (const column of ['size', 'size_new']) {
    expect(await firedBy(`update part set ${column} = ${column} + 1`)).toEqual(['watch', 'whole']);
  }
  await database.runPhases(partitioned, PHASES.up.slice(3));
  expect(await firedBy(`update part set size = size + 1`)).toEqual(['watch', 'whole']);
  await database.runPhases(partitioned, PHASES.down);
  expect(await readTriggers()).toEqual(before);
});

describe('a trigger that is made, altered or dropped while the change is under way', () => {
  it('goes over as it is then', async () => {
    await client.rows(`
      create trigger gone after update of size on part for each row execute function note();
      create trigger altered after update of size on part for each row execute function note()`);
    await database.runPhases(change, PHASES.up.slice(0, 3));
    await client.rows(`
      drop trigger gone on part;
      drop trigger altered on part;
      create trigger altered after update of size on part for each row when (new.size > 5) execute function note();
      create trigger made before insert or update of size, name on part for each row execute function note();
      create trigger of_new after update of size_new on part for each row execute function note()`);
    await database.runPhases(change, PHASES.up.slice(3));
    expect(await firedBy(`update part set size = 7 where id = 1`)).toEqual(['made', 'altered', 'of_new']);
    expect(await firedBy(`update part set size = 2 where id = 1`)).toEqual(['made', 'of_new']);
    await client.rows(`
      drop trigger made on part;
      drop trigger altered on part;
      create trigger altered after update of size on part for each row when (new.size > 9) execute function note()`);
    await database.runPhases(change, PHASES.down);
    expect(await readTriggers()).toMatchObject([
      {
        definition:
          'CREATE TRIGGER altered AFTER UPDATE OF size ON public.part FOR EACH ROW WHEN ((new.size > 9)) EXECUTE FUNCTION note()',
      },
      {
        definition:
          'CREATE TRIGGER of_new AFTER UPDATE OF size ON public.part FOR EACH ROW EXECUTE FUNCTION note()',
      },
    ]);
  });

  it('is refused by contract if it cannot go over', async () => {
    await database.runPhases(change, PHASES.up.slice(0, 3));
    await client.rows(
      `create trigger made before update on part for each row when (new.size > 5) execute function note()`,
    );
    await expect(database.runPhases(change, [contract])).rejects.toMatchObject(
      refusedWith('OBSTACLES', /The trigger made of .* cannot go over by itself: it fires before the sync/),
    );
  });

  it('holds up the revert of expand if it uses the new column alone', async () => {
    await database.runPhases(change, [expand]);
    await client.rows(
      `create trigger made after update of size_new on part for each row execute function note()`,
    );
    await expect(database.runPhases(change, [revertExpand])).rejects.toMatchObject(
      refusedWith('OBSTACLES', /The trigger made of "public"\."part" depends on size_new: drop it, or/),
    );
  });
});

it('a backfill that runs again after the revert of enforce does not fire a trigger of the old column', async () => {
  await client.rows(`create trigger watch after update of size on part for each row execute function note()`);
  await database.runPhases(change, [...PHASES.up.slice(0, 3), revertEnforce]);
  expect(await firedBy(`update part set size_new = 4 where id = 1`)).toEqual(['watch']);
  await database.runPhases(change, [revertBackfill]);
  await client.rows(`truncate firing; update part set size_new = size_new`);
  expect(await firedBy('select')).toEqual([]);
  await database.runPhases(change, [backfill, enforce]);
  expect(await firedBy(`update part set size_new = 5 where id = 1`)).toEqual(['watch']);
});

it('a condition that would depend on the session is refused', async () => {
  await client.rows(`
    create table event (id bigint primary key, at varchar(50) not null);
    create trigger watch after update of at on event
    for each row when (new.at > '2024') execute function note()`);
  const ofEvent = changeOf('event.at', {
    from: 'varchar(50)',
    to: 'timestamptz',
    conversion: textToTimestamptz,
  });
  await expect(database.runPhases(ofEvent, [expand])).rejects.toMatchObject(
    refusedWith(
      'OBSTACLES',
      /The trigger watch of .* for timestamptz, the result of its condition depends on/,
    ),
  );
});

it('a role that owns the table alone is told each grant that it needs to create a trigger again', async () => {
  const owner = await createRole(database.url);
  database.defer(async () => owner[Symbol.asyncDispose]());
  await client.rows(`
    create schema online_migration authorization ${owner.name};
    create schema "Odd ""schema""";
    create table "Odd ""other""" (id bigint primary key);
    create function "Odd ""schema""".closed_note() returns trigger language plpgsql as $$ begin return null; end $$;
    revoke execute on function "Odd ""schema""".closed_note() from public;
    create constraint trigger watch after update of size on part from "Odd ""other"""
    for each row when (new.size <> old.size) execute function "Odd ""schema""".closed_note();
    grant usage on schema public to ${owner.name};
    alter table part owner to ${owner.name}`);
  const before = await readTriggers();
  await using context = await openContext(owner.url, change);
  const grants = [
    `grant execute on function "Odd ""schema""".closed_note() to ${owner.name}`,
    `grant trigger on "Odd ""other""" to ${owner.name}`,
    `grant usage on schema "Odd ""schema""" to ${owner.name}`,
  ];
  const refusal = await expand(context).then(
    () => '',
    (error: Error) => error.message,
  );
  expect([...refusal.matchAll(/`(grant [^`]+)`/g)].map(([, grant]) => grant)).toEqual(grants);
  for (const grant of grants) await client.rows(grant);
  for (const phase of [...PHASES.up, ...PHASES.down]) await phase(context);
  expect(await readTriggers()).toEqual(before);
});
