import { describe, expect, it } from '@jest/globals';
import { textToEnum } from '../../../src/online-migration/conversions/texts/text-to-enum.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import type { expand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { type ChangeOptions, changeOf } from '../../support/change-of.ts';
import { connect } from '../../support/database-client.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const changeOfTotal = (declared: Partial<ChangeOptions> = {}) =>
  changeOf('orders.total', {
    from: 'text',
    to: 'numeric(12,2)',
    conversion: textToNumeric(12, 2),
    ...declared,
  });
const total = changeOfTotal();

const database = databasePerFile(
  `create table orders (id bigint primary key, total text not null)`,
  `insert into orders values (1, '1.5'), (2, '2.5')`,
);
const { client } = database;

const runPhases = (phases: readonly (typeof expand)[], change = total) => database.runPhases(change, phases);

const BACKFILLED = PHASES.up.slice(0, 2);
const ENFORCED = PHASES.up.slice(0, 3);
const disable = () => client.rows(`alter table orders disable trigger all`);
const enable = () => client.rows(`alter table orders enable trigger all`);
const enableAlways = () =>
  client.rows(
    `alter table orders enable always trigger "~sync_total_insert", enable always trigger "~sync_total_update"`,
  );
const drop = () => client.rows(`drop trigger "~sync_total_update" on orders`);
const totals = (column: string) =>
  client.value<string>(`select string_agg(${column}::text, ' ' order by id) from orders`);

describe('a sync trigger that was disabled', () => {
  it.each([
    ['enforce', BACKFILLED, enforce],
    ['contract', ENFORCED, contract],
    ['revert the enforce of', ENFORCED, revertEnforce],
  ])(
    'keeps %s from going on, also if it was enabled as an ordinary one again',
    async (name, before, phase) => {
      await runPhases(before);
      const reason = new RegExp(
        `^Cannot ${name} public.orders.total: the sync trigger ~sync_total_insert, ~sync_total_update does not fire`,
      );
      await disable();
      await expect(runPhases([phase])).rejects.toMatchObject(refusedWith('SYNC_TRIGGER_SILENT', reason));
      await enable();
      await expect(runPhases([phase])).rejects.toMatchObject(refusedWith('SYNC_TRIGGER_SILENT', reason));
      await enableAlways();
      await runPhases([phase]);
    },
  );

  it('leaves no stale value to enforce: the rows that differ are named, with the statement that fills them', async () => {
    await runPhases(BACKFILLED);
    await disable();
    await client.rows(`update orders set total = '9.5' where id = 1; insert into orders values (3, '3.5')`);
    await enableAlways();
    const error: unknown = await runPhases([enforce]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ROWS_DIFFER', details: { keys: ['1', '3'] } });
    const { message } = error as Error;
    expect(message).toMatch(
      /total_new does not have the value of total.*\n {2}id 1: "9.5", "1.50"\n {2}id 3: "3.5", null/,
    );
    await client.rows(/run the same command again: `([^`]+)`/.exec(message)![1]!);
    await runPhases([enforce, contract]);
    expect(await client.value(`select string_agg(total_new::text, ' ' order by id) from orders`)).toBe(
      '9.50 2.50 3.50',
    );
  });

  it.each([
    ['after enforce', []],
    ['after the way back of contract', [contract, revertContract]],
  ])('leaves no stale value to the old column: %s', async (_, phases) => {
    await runPhases(ENFORCED);
    await runPhases(phases);
    await client.rows(
      `alter table orders disable trigger all; update orders set total_new = 9.5 where id = 1`,
    );
    await enableAlways();
    const refusal = await runPhases([revertEnforce]).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(refusal).toMatch(/total does not have the value of total_new.*\n {2}id 1: "1.5", "9.50"\n/);
    await client.rows(/run the same command again: `([^`]+)`/.exec(refusal)![1]!);
    await runPhases(PHASES.down.slice(2));
    expect(await client.value(`select string_agg(total, ' ' order by id) from orders`)).toBe('9.50 2.5');
  });

  it('is looked for in a comparison only if somebody has altered it', async () => {
    await runPhases(ENFORCED);
    await client.rows(`insert into orders values (3, '3.5')`);
    const context = await database.open(total);
    const statements: string[] = [];
    const query = context.session.query.bind(context.session);
    context.session.query = (text, values) => {
      statements.push(text);
      return query(text, values);
    };
    await revertEnforce(context);
    expect(statements.filter((text) => text.includes('with batch as'))).toEqual([]);
  });

  it('while contract compares the columns is noticed before the old column goes', async () => {
    await runPhases(ENFORCED);
    await using reader = await connect(database.url);
    const context = await database.open(total);
    const retried = Promise.withResolvers<void>();
    const running = contract({
      ...context,
      emit: (event) => {
        if (event.type === 'lock-retry' && event.purpose === 'contract: drop the old column')
          retried.resolve();
        if (event.type === 'lock-held' && event.purpose === 'contract: keep old values') readSlowly();
      },
    });
    const readSlowly = () => void reader.rows('begin; lock table orders in access share mode');
    const outcome = running.then(
      () => 'done',
      (error: unknown) => error,
    );
    await Promise.race([retried.promise, outcome]);
    await reader.rows('commit; begin; alter table orders disable trigger all');
    await reader.rows(`update orders set total_new = 7 where id = 1`);
    await reader.rows(`alter table orders enable always trigger "~sync_total_insert", enable always trigger "~sync_total_update",
      enable always trigger "~keep_total_insert", enable always trigger "~keep_total_update"; commit`);
    expect(await outcome).toMatchObject(
      refusedWith(
        'SYNC_TRIGGER_ALTERED',
        /while the columns were compared, a sync trigger was disabled and enabled again/,
      ),
    );
    await expect(runPhases([contract])).rejects.toMatchObject(
      refusedWith('EQUALITY_PROOF_FAILED', /total and total_new differ/),
    );
    expect(await client.value(`select total from orders where id = 1`)).toBe('1.5');
  });
});

const mood = (labels: string[]) =>
  changeOfTotal({ to: 'public.mood', conversion: textToEnum('public.mood', labels) });

describe('a declaration that is corrected while its change is under way', () => {
  it('has effect with the next phase: a label that the enum got meanwhile', async () => {
    await client.rows(`create type mood as enum ('1.5', '2.5')`);
    await runPhases(ENFORCED, mood(['1.5', '2.5']));
    await client.rows(`alter type mood add value '3.5'`);
    await expect(client.rows(`insert into orders (id, total) values (3, '3.5')`)).rejects.toThrow(
      /has no equal/,
    );
    await runPhases([revertEnforce], mood(['1.5', '2.5', '3.5']));
    await client.rows(`insert into orders (id, total) values (3, '3.5')`);
    await runPhases([enforce, contract], mood(['1.5', '2.5', '3.5']));
    expect(await client.value(`select count(*)::int from orders where total_new = '3.5'`)).toBe(1);
  });

  it('is refused if a type is another one than the column has', async () => {
    await runPhases(BACKFILLED);
    await expect(runPhases([enforce], changeOfTotal({ to: 'numeric(20,2)' }))).rejects.toMatchObject(
      refusedWith(
        'COLUMN_TYPE_DIFFERS',
        /^Cannot enforce public\.orders\.total: total_new is numeric\(12,2\), and the declaration says numeric\(20,2\)/,
      ),
    );
  });
});

describe('a sync trigger that was dropped after enforce', () => {
  it('is created again on the way back, which names the rows that were written without it', async () => {
    await runPhases(ENFORCED);
    await drop();
    await client.rows(
      `update orders set total_new = 7 where id = 1; update orders set total = '8.5' where id = 2`,
    );
    const error: unknown = await runPhases([revertEnforce]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ROWS_DIFFER', details: { keys: ['1', '2'] } });
    const { message } = error as Error;
    expect(message).toMatch(/\n {2}id 1: "1.5", "7.00"\n {2}id 2: "8.5", "2.50"/);
    await client.rows(`${/first run `([^`]+)`/.exec(message)![1]!} where id = 2`);
    await client.rows(/run the same command again: `([^`]+)`/.exec(message)![1]!);
    await runPhases(PHASES.down.slice(2));
    expect(await totals('total')).toBe('7.00 8.5');
  });

  it('is created again by contract, which names the rows that were written without it', async () => {
    await runPhases(ENFORCED);
    await drop();
    await client.rows(`update orders set total_new = 7 where id = 1`);
    await expect(runPhases([contract])).rejects.toMatchObject({
      code: 'EQUALITY_PROOF_FAILED',
      details: { keys: ['1'] },
    });
    // The trigger is there again.
    await client.rows(`update orders set total_new = 8 where id = 1`);
    await runPhases([contract]);
    expect(await totals('total_new')).toBe('8.00 2.50');
  });

  it('is reported, if nobody wrote without it, and the columns are compared', async () => {
    await runPhases(ENFORCED);
    await client.rows(`drop function online_migration."public.orders.total sync" cascade`);
    expect(await runPhases([revertEnforce])).toContain(
      'revert enforce: the sync trigger ~sync_total_insert, ~sync_total_update was missing and was created again; compares ' +
        'the columns of all rows',
    );
    await client.rows(`update orders set total = '9.5' where id = 1`);
    expect(await totals('total_new')).toBe('9.50 2.50');
  });

  it('on the way back of contract is no dead end', async () => {
    await runPhases([...ENFORCED, contract]);
    const context = await database.open(total);
    await expect(
      revertContract({
        ...context,
        recordInLedger: async () => {
          throw new Error('interrupted');
        },
      }),
    ).rejects.toThrow('interrupted');
    await drop();
    await expect(runPhases([revertContract])).rejects.toMatchObject(
      refusedWith(
        'SYNC_TRIGGER_MISSING',
        /Run rename, which drops the old column that is only partly filled\./,
      ),
    );
    await client.rows(`update orders set total_new = 7 where id = 1`);
    await runPhases([...PHASES.up.slice(4), ...PHASES.down]);
    expect(await totals('total')).toBe('7.00 2.5');
  });
});
