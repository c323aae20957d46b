import { describe, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect } from '../../support/database-client.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const change = changeOf('account.id', { from: 'integer', to: 'bigint', conversion: integerToBigint });
/** Enough for several tries. */
const BUDGET_MS = 1_500;

const database = databasePerTest();
const { client } = database;

describe('contract, while a report reads a table that refers to the column', () => {
  it("never holds the column's own table while it waits, says who reads, and succeeds afterwards", async () => {
    await using reader = await connect(database.url);
    await client.rows(`create table account (id integer primary key)`);
    await client.rows(`create table entry (account_id integer not null references account (id))`);
    await client.rows(`insert into account values (1); insert into entry values (1)`);
    const context = await database.open(change);
    for (const phase of [expand, backfill, enforce]) await phase(context);

    await reader.rows(`set application_name = 'the report'`);
    await reader.rows(`begin; select from entry`);
    const firstTry = Promise.withResolvers<void>();
    const isOver = contract({
      ...context,
      settings: { ...context.settings, lockBudgetMs: BUDGET_MS },
      emit: (event) => {
        if (event.type === 'lock-retry' && event.attempt === 1) firstTry.resolve();
      },
    }).then(
      () => 'granted',
      (error: Error) => error.message,
    );
    await firstTry.promise;
    const over = new AbortController();
    void isOver.finally(() => over.abort());
    let samples = 0;
    let held = 0;
    while (!over.signal.aborted) {
      held += await client.value<number>(`
        select count(*)::int from pg_locks
        where relation = 'account'::regclass and mode = 'AccessExclusiveLock' and granted
          and exists (select from pg_locks where relation = 'entry'::regclass and not granted)`);
      samples += 1;
    }
    expect(samples).toBeGreaterThan(1);
    expect(held).toBe(0);
    expect(await isOver).toMatch(
      /^contract: drop the old column: .* could not be locked .*"the report", user postgres, idle in transaction/,
    );
    await reader.rows(`rollback`);
    await contract(context);
    await client.rows(`insert into account values (5000000000)`);
  });
});
