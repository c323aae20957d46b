import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { STRIPES } from '../../../src/online-migration/backfill/plan/stripes.ts';
import { AutovacuumHold } from '../../../src/online-migration/backfill/space/autovacuum-hold.ts';
import { SpaceReuse } from '../../../src/online-migration/backfill/space/space-reuse.ts';
import { claimRange, RangeTakenError } from '../../../src/online-migration/backfill/plan/claim.ts';
import {
  backwardFill,
  type ChangeFill,
  forwardFill,
} from '../../../src/online-migration/backfill/plan/fill.ts';
import { WorkerPauses } from '../../../src/online-migration/backfill/throttle/worker-pause.ts';
import { findLeaves } from '../../../src/online-migration/postgres/partition-tree.ts';
import { Meter } from '../../../src/online-migration/backfill/ranges/meter.ts';
import { NiceRatio } from '../../../src/online-migration/backfill/throttle/nice-ratio.ts';
import { BatchSizes } from '../../../src/online-migration/backfill/throttle/batch-size.ts';
import {
  planBackfill,
  type Range,
  readOpenRanges,
} from '../../../src/online-migration/backfill/plan/plan.ts';
import { fillRange } from '../../../src/online-migration/backfill/ranges/range-worker.ts';
import {
  forBatches,
  WorkerConnection,
} from '../../../src/online-migration/backfill/ranges/worker-connection.ts';
import { changeWork } from '../../../src/online-migration/backfill/batch/change-work.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventChange } from '../../support/event-change.ts';
import { createMigratedDatabase, openMigrator } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';
import { held, hold, installHoldPoints, letGo } from '../../support/hold-points.ts';

const ROWS = 5_000;

let resources: AsyncDisposableStack;
let url: string;
let client: DatabaseClient;
let fill: ChangeFill;
let range: Range;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  ({ url } = resources.use(await createMigratedDatabase('0001')));
  client = resources.use(await connect(url));
  await insertEvents(client, ROWS);
  await installHoldPoints(client, 'event');
  await using migrator = await openMigrator(url);
  await migrator.go('0002');
  fill = forwardFill(eventChange);
  await using session = await Session.open({ connectionString: url }, 'test');
  const leaves = await findLeaves(session, fill.names.table);
  await session.transaction(() => planBackfill(session, fill, leaves));
  [range] = (await readOpenRanges(session, fill)) as [Range];
});
afterEach(() => resources.disposeAsync());

const openSession = () => Session.open({ connectionString: url }, 'worker');

async function fillAsWorker(): Promise<Range> {
  await using connection = new WorkerConnection(openSession, forBatches(changeWork(fill)));
  await using autovacuumHold = new AutovacuumHold(openSession, fill.names.table, () => undefined);
  const meter = new Meter(fill.names.change, { rowsDone: 0, rowsTotal: 0, blocksDone: 0, blocksTotal: 0 });
  const { signal } = new AbortController();
  const nice = new NiceRatio();
  const share = {
    fill: changeWork(fill),
    pauses: new WorkerPauses(),
    batchSizes: new BatchSizes(100),
    nice,
    meter,
    hold: autovacuumHold,
    space: new SpaceReuse(fill, autovacuumHold, () => nice.isBusy),
    signal,
    emit: () => undefined,
  };
  return await fillRange(connection, share, range, () => true);
}

const filled = () => client.value<number>(`select count(*)::int from event where at_new is not null`);

describe('a range that another worker takes', () => {
  it('is lost to the first one in the middle of its batch, which is rolled back', async () => {
    await hold(client, 'batch');
    const first = fillAsWorker();
    await held(client, first);
    expect(await claimRange(client, fill, range)).toMatchObject({ firstBlock: 0, nextBlock: 0 });
    await letGo(client);
    await expect(first).rejects.toThrow(RangeTakenError);
    await expect(first).rejects.toMatchObject({ code: 'RANGE_TAKEN', details: { firstBlock: 0 } });
    expect(await filled()).toBe(0);
  });

  it('is filled by that one from where it stands, each row counted once', async () => {
    await hold(client, 'batch');
    const first = fillAsWorker();
    await held(client, first);
    const claim = () => client.value<string>(`select claimed_by from online_migration.backfill_range`);
    const firstClaim = await claim();
    const second = fillAsWorker();
    while ((await claim()) === firstClaim);
    await letGo(client);
    await expect(first).rejects.toThrow(RangeTakenError);
    expect(await second).toMatchObject({ stripe: STRIPES });
    expect(await filled()).toBe(ROWS);
    expect(await client.value(`select sum(rows_filled)::int from online_migration.backfill_range`)).toBe(
      ROWS,
    );
  });

  it('is no range any more where it is done, or where its backfill has another direction', async () => {
    expect(await claimRange(client, await backwardFill(client, eventChange), range)).toBeNull();
    await fillAsWorker();
    expect(await claimRange(client, fill, range)).toBeNull();
  });
});
