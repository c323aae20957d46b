import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import type { ThrowawayPostgres } from '../../../src/database/throwaway-postgres.ts';
import { openContext } from '../../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventChange } from '../../support/event-change.ts';
import { MOMENT } from '../../support/event-table.ts';
import { startOwnServer } from '../../support/own-server.ts';

/** Two ranges: with rows of 64 bytes, the dead entries of the first one fill the index pages of the second one. */
const ROWS = 800_000;
const LIMIT_MS = 240_000;

const resources = new AsyncDisposableStack();
let server: ThrowawayPostgres;
let client: DatabaseClient;

// A server of its own: a transaction that writes in any of a server's databases keeps dead rows from being reused.
beforeAll(async () => {
  server = resources.use(await startOwnServer({ fsync: 'off', max_wal_size: '4GB' }));
  client = resources.use(await connect(server.url()));
});
afterAll(() => resources.disposeAsync());

describe('the way back of contract', () => {
  it(
    'lets neither the primary key grow nor the heap by more than the old column and an eighth',
    async () => {
      await client.rows(`
        create table event (id bigint primary key, at varchar(50) not null, note text)
        with (autovacuum_enabled = off)`);
      await client.rows(
        `insert into event select n, ${MOMENT}, 'LargeRecord_' || n from generate_series(1, ${ROWS}) as n`,
      );
      await client.rows('vacuum analyze event');
      const sizes = async () => ({
        heap: Number(await client.value(`select pg_relation_size('event')`)),
        key: Number(await client.value(`select pg_relation_size('event_pkey')`)),
      });
      await using context = await openContext(server.url(), eventChange);
      const first = await sizes();
      for (const phase of [expand, backfill, enforce, contract]) await phase(context);
      const there = await sizes();
      await revertContract(context);
      const back = await sizes();
      expect(there.key / first.key).toBeLessThan(1.02);
      expect(back.key / there.key).toBeLessThan(1.02);
      expect(back.heap / there.heap).toBeLessThan(1.2);
    },
    LIMIT_MS,
  );
});
