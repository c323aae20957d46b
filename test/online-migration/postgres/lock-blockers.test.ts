import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ThrowawayPostgres } from '../../../src/database/throwaway-postgres.ts';
import {
  describeBlocker,
  findBlockers,
  type LockRequest,
} from '../../../src/online-migration/postgres/lock-blockers.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { openContext } from '../../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventChange } from '../../support/event-change.ts';
import { startOwnServer } from '../../support/own-server.ts';
import { createTableOwner, type TestRole } from '../../support/roles.ts';
import { refusedWith } from '../../support/refused-with.ts';

const RUN_MS = 60_000;
const TABLES = ['public.event'];

const resources = new AsyncDisposableStack();
let server: ThrowawayPostgres;
let client: DatabaseClient;
let owner: TestRole;

beforeAll(async () => {
  server = resources.use(await startOwnServer({ max_prepared_transactions: '5' }));
  client = resources.use(await connect(server.url()));
  await client.rows(`create table event (id bigint primary key, at varchar(50) not null)`);
  owner = resources.use(await createTableOwner(server.url(), 'event'));
}, RUN_MS);
afterAll(() => resources.disposeAsync());

/** The blockers as the owner sees them, in words. */
async function told(mode: LockRequest['mode'] = 'access exclusive', url = owner.url): Promise<string[]> {
  await using asking = await connect(url);
  return (await findBlockers(asking, { relations: TABLES, mode })).map(describeBlocker);
}

describe('who holds locks on a table', () => {
  it('is not described to a role that may not see it, and nothing wrong is said', async () => {
    await using holder = await connect(server.url(), 'payments');
    await holder.rows('begin');
    await holder.rows('select from event for share');
    expect(await told()).toEqual([
      `pid ${holder.pid} "payments", user postgres, of which only members of pg_monitor see more`,
    ]);
    await client.rows(`grant pg_monitor to ${owner.name}`);
    expect(await told()).toEqual([
      expect.stringMatching(
        new RegExp(
          `^pid ${holder.pid} "payments", user postgres, idle in transaction, in its transaction for [\\d.]+ s: select from event`,
        ),
      ),
    ]);
    await client.rows(`revoke pg_monitor from ${owner.name}`);
  });

  it('is described to the role whose own session it is', async () => {
    await using holder = await connect(owner.url, 'job');
    await holder.rows('begin');
    await holder.rows('select from event');
    expect(await told()).toEqual([expect.stringContaining(', idle in transaction, in its transaction for ')]);
  });

  it('counts as a holder of rows only with a lock for that', async () => {
    await using reader = await connect(server.url(), 'reader');
    await reader.rows('begin');
    await reader.rows('select from event');
    expect(await told('access exclusive')).toHaveLength(1);
    expect(await told('rows')).toEqual([]);
    await reader.rows('select from event for key share');
    expect(await told('rows')).toHaveLength(1);
  });

  it(
    'may be a prepared transaction, which is named too if an exclusive lock is not granted',
    async () => {
      await client.rows('begin');
      await client.rows(`insert into event values (1, '2024-01-01 10:00:00')`);
      await client.rows(`prepare transaction 'transfer 12'`);
      await using opened = await openContext(owner.url, eventChange);
      const settings = { ...opened.settings, lockBudgetMs: 0 };
      await expect(expand({ ...opened, settings })).rejects.toMatchObject(
        refusedWith(
          'LOCK_NOT_GRANTED',
          /Blocked by prepared transaction 'transfer 12', user postgres, prepared [\d.]+ s ago: end it with `commit prepared 'transfer 12'` or `rollback prepared 'transfer 12'`\. End the blocking transactions/,
        ),
      );
      await client.rows(`rollback prepared 'transfer 12'`);
      await expand(opened);
    },
    RUN_MS,
  );
});
