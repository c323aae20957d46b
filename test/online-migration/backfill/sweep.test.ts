import { expect, it } from '@jest/globals';
import { writeControls } from '../../../src/online-migration/state/backfill-controls.ts';
import { namesOf } from '../../../src/online-migration/change/names.ts';
import { connect } from '../../support/database-client.ts';
import { eventColumn } from '../../support/event-change.ts';
import { createMigratedDatabase, openMigrator } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';
import { countTo, slowUpdatesDown } from '../../support/slow-updates.ts';

const ROWS = 40_000;
const MOVED = 500;
const HELD = 2_000;
/** A batch is at most a fifth larger than the one before it; the first one has 50 rows. */
const LARGEST_BATCH = 800;
/** So many batches have 2,000 rows at least, also on a machine that is much faster. */
const FEWEST_BATCHES = 10;

it('fills the rows that an update moved behind the last range while they were not filled', async () => {
  await using database = await createMigratedDatabase('0001');
  await using client = await connect(database.url);
  await insertEvents(client, ROWS);
  await slowUpdatesDown(client, countTo(100), 'event');
  await using migrator = await openMigrator(database.url);
  await migrator.go('0002');
  const going = migrator.go('0003');
  const { change } = namesOf(eventColumn);
  while (!(await writeControls(client, change, { paused: true })));
  while ((await client.value(`select paused_for from online_migration.backfill`)) !== 'paused by hand');

  const blocks = await client.value<number>(
    `select max(end_block)::int from online_migration.backfill_range`,
  );
  // Their pages are full, so each new version goes to the end of the table.
  const moved = await client.rows<{ id: number }>(
    `
      with last as (
        select ctid from event where at_new is null order by ctid desc limit ${MOVED}
      )
      update event r set name = name || ', moved' from last where r.ctid = last.ctid
      returning r.id::int`,
  );
  expect(moved).toHaveLength(MOVED);
  const behind = await client.value<number>(
    `select count(*)::int from event where ctid >= $1::tid and at_new is null`,
    [`(${blocks},0)`],
  );
  expect(behind).toBeGreaterThan(0);
  await writeControls(client, change, { paused: false });
  await going;
  expect(await client.value(`select count(*)::int from event where at_new is null`)).toBe(0);
  expect(await client.value(`select rows_swept::int from online_migration.backfill`)).toBeGreaterThanOrEqual(
    behind,
  );
  expect(migrator.log.find((line) => line.includes('rows in'))).toContain(
    `backfill: ${ROWS.toLocaleString('en-US')} rows in `,
  );
});

it('fills rows that were held in batches as short as the others, and obeys a pause between them', async () => {
  await using database = await createMigratedDatabase('0001');
  await using client = await connect(database.url);
  await insertEvents(client, HELD);
  await slowUpdatesDown(client, countTo(8_000), 'event');
  await using migrator = await openMigrator(database.url);
  await migrator.go('0002');
  await client.rows('begin');
  await client.rows('select from event for update');
  const going = migrator.go('0003');
  await using watcher = await connect(database.url);
  const pausedFor = () =>
    watcher.value<string | null>(`select max(paused_for) from online_migration.backfill`);
  while ((await pausedFor()) !== `other transactions hold ${HELD} rows`);
  const unfilled = () => watcher.value<number>(`select count(*)::int from event where at_new is null`);
  await client.rows('rollback');
  while ((await unfilled()) === HELD);
  await writeControls(watcher, namesOf(eventColumn).change, { paused: true });
  while ((await pausedFor()) !== 'paused by hand');
  expect(await unfilled()).toBeGreaterThan(0);
  await writeControls(watcher, namesOf(eventColumn).change, { paused: false });
  await going;
  expect(await unfilled()).toBe(0);
  expect(await client.value(`select count(distinct xmin::text)::int from event`)).toBeGreaterThanOrEqual(
    FEWEST_BATCHES,
  );
});

it('fills free rows behind locked ones in batches as short as the others', async () => {
  await using database = await createMigratedDatabase('0001');
  await using client = await connect(database.url);
  await insertEvents(client, 2 * HELD);
  await using migrator = await openMigrator(database.url);
  await migrator.go('0002');
  await using first = await connect(database.url);
  await using second = await connect(database.url);
  for (const [holder, range] of [
    [first, `id <= ${HELD}`],
    [second, `id > ${HELD}`],
  ] as const) {
    await holder.rows('begin');
    await holder.rows(`select from event where ${range} for update`);
  }
  const going = migrator.go('0003');
  const unfilled = () => client.value<number>(`select count(*)::int from event where at_new is null`);
  const pausedFor = () =>
    client.value<string | null>(`select max(paused_for) from online_migration.backfill`);
  while ((await pausedFor()) !== `other transactions hold ${2 * HELD} rows`);
  await second.rows('rollback');
  while ((await unfilled()) > HELD);
  await first.rows('rollback');
  await going;
  expect(await unfilled()).toBe(0);
  expect(
    await client.value(
      `select max(rows) from (select count(*)::int as rows from event group by xmin::text) as batch`,
    ),
  ).toBeLessThanOrEqual(LARGEST_BATCH);
});
