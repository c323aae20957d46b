import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ThrowawayPostgres } from '../../../src/database/throwaway-postgres.ts';
import {
  DEFAULT_THROTTLE_LIMITS,
  findThrottleReason,
  type ThrottleLimits,
} from '../../../src/online-migration/backfill/throttle/throttles.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { startOwnServer } from '../../support/own-server.ts';
import { startStreamingReplica } from '../../support/streaming-replica.ts';

/** A server of its own, a base backup and a standby. */
const RUN_MS = 60_000;

let resources: AsyncDisposableStack;
let server: ThrowawayPostgres;
let client: DatabaseClient;

beforeEach(() => {
  resources = new AsyncDisposableStack();
});
afterEach(() => resources.disposeAsync());

async function startServer(settings: Readonly<Record<string, string>>): Promise<void> {
  server = resources.use(await startOwnServer(settings));
  client = resources.use(await connect(server.url()));
}

const reason = (limits: Partial<ThrottleLimits>) =>
  findThrottleReason(client, { ...DEFAULT_THROTTLE_LIMITS, ...limits }, null);
const heldBySlot = () => reason({ slotWalBytes: 100_000 });

describe('a backfill is held back', () => {
  it(
    'by a replica that replays too late, and no longer when it has caught up',
    async () => {
      await startServer({});
      await client.rows(`create table note (n bigint)`);
      const replica = resources.use(
        await startStreamingReplica(server, { wal_receiver_status_interval: '1' }),
      );
      const write = () => client.rows(`insert into note values (1)`);
      await write();
      await replica.catchUp();
      expect(await reason({})).toBeNull();
      await replica.pause();
      let held: string | null;
      do {
        await write();
        held = await reason({ replicationLagMs: 50 });
      } while (held === null);
      expect(held).toMatch(/^a replica lags [\d.]+ s behind$/);
      expect(await reason({ replicationLagMs: 600_000 })).toBeNull();
      await replica.resume();
      do await write();
      while ((await reason({ replicationLagMs: 50 })) !== null);
    },
    RUN_MS,
  );

  it(
    'by WAL that waits for the archive',
    async () => {
      await startServer({ archive_mode: 'on', archive_command: 'false' });
      expect(await reason({ walFiles: 1 })).toBeNull();
      for (let file = 0; file < 3; file++) {
        await client.rows(`select pg_logical_emit_message(false, 'throttle', 'something')`);
        await client.rows(`select pg_switch_wal()`);
      }
      expect(await reason({ walFiles: 1 })).toBe('3 WAL files wait to be archived');
      expect(await reason({ walFiles: 3 })).toBeNull();
    },
    RUN_MS,
  );

  it(
    'by a replication slot that holds back WAL, as long as it is there',
    async () => {
      await startServer({ wal_level: 'logical' });
      for (const [name, kind, create] of [
        ['standby', 'physical', `select pg_create_physical_replication_slot('standby', true)`],
        ['changes', 'logical', `select pg_create_logical_replication_slot('changes', 'pgoutput')`],
      ]) {
        await client.rows(`checkpoint`);
        await client.rows(create!);
        expect(await heldBySlot()).toBeNull();
        await client.rows(`select pg_logical_emit_message(true, 'throttle', repeat('x', 200000))`);
        expect(await heldBySlot()).toMatch(
          new RegExp(`^the replication slot ${name} \\(${kind}, inactive\\) holds back \\d+ kB of WAL$`),
        );
        expect(await reason({})).toBeNull();
        await client.rows(`select pg_drop_replication_slot($1)`, [name]);
        expect(await heldBySlot()).toBeNull();
      }
    },
    RUN_MS,
  );
});
