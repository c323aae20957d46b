import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import { ActiveColumnFollower } from '../../../src/online-migration/follow/active-column-follower.ts';
import { ReadReplica } from '../../../src/online-migration/follow/read-replica.ts';
import { connect } from '../../support/database-client.ts';
import { eventColumn } from '../../support/event-change.ts';
import { openMigrator } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';
import { startOwnServer } from '../../support/own-server.ts';
import { startStreamingReplica } from '../../support/streaming-replica.ts';

it('reads from the primary what the replay of a drop has cancelled, then from the replica by its new schema', async () => {
  await using primary = await startOwnServer();
  await using migrator = await openMigrator(primary.url());
  await migrator.go('0001');
  await using onPrimary = await connect(primary.url());
  await insertEvents(onPrimary, 1);
  await migrator.go('0004');
  await using replica = await startStreamingReplica(primary, { max_standby_streaming_delay: '0' });
  await using onReplica = await connect(replica.url, 'reader');
  await using catalogOfReplica = await connect(replica.url);
  const log: string[] = [];
  const follower = new ActiveColumnFollower(eventColumn, catalogOfReplica, 'at');
  const reads = new ReadReplica(follower, (line) => log.push(line));
  await follower.refresh();

  const slowRead = reads.read(
    () =>
      follower.run(async ({ name }) => {
        await onReplica.rows(`select ${name}, pg_sleep(600) from event`);
        return 'read from the replica';
      }),
    async () => 'read from the primary',
  );
  const isReading = `select exists (select from pg_stat_activity where application_name = 'reader' and wait_event = 'PgSleep')`;
  while (!(await catalogOfReplica.value<boolean>(isReading)));
  await migrator.go('0005');
  expect(await slowRead).toBe('read from the primary');

  await replica.catchUp();
  const back = once(follower, 'read');
  await follower.refresh();
  await back;
  const used = await reads.read(
    () => follower.run(async ({ name }) => (await onReplica.rows(`select ${name} from event`)) && name),
    async () => 'read from the primary',
  );
  expect(used).toBe('at_new');
  expect(log).toEqual([
    'Reads go to the replica.',
    'Reads go to the primary: the replica failed, canceling statement due to conflict with recovery',
    'Reads go to the replica.',
  ]);
});

it('leaves a replica alone from the first failure until its catalog has been read again', async () => {
  let isAway = true;
  const shape = { table_exists: true, old_is_filled: true, old_is_new_type: false, new_is_enforced: null };
  const follower = new ActiveColumnFollower(eventColumn, {
    async query<Row>() {
      if (isAway) throw new Error('away');
      return { rows: [shape as Row], rowCount: 1 };
    },
  });
  const asked: string[] = [];
  const reads = new ReadReplica(follower, () => undefined);
  const read = (fails: boolean) =>
    reads.read(
      async () => {
        asked.push('replica');
        if (fails) throw new Error('away');
        return asked.length;
      },
      async () => asked.push('primary'),
      (answer) => answer < 6,
    );

  await read(false);
  await expect(follower.refresh()).rejects.toThrow('away');
  await read(false);
  isAway = false;
  await follower.refresh();
  await read(false);
  await read(true);
  await read(false);
  await follower.refresh();
  await read(false);
  isAway = true;
  await expect(follower.refresh()).rejects.toThrow('away');
  await read(false);
  expect(asked).toEqual([
    'primary',
    'primary',
    'replica',
    'replica',
    'primary',
    'primary',
    // Its answer does not suffice.
    'replica',
    'primary',
    'primary',
  ]);
});
