import { expect, it } from '@jest/globals';
import { connect } from '../../support/database-client.ts';
import { createMigratedDatabase, openMigrator } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';

const ROWS = 60_000;
/** In the first batches, between them and at the end. */
const REJECTED = [7, 30_001, 30_002, 59_999];

it('counts the rows that it fills, if some batches have rejects', async () => {
  await using database = await createMigratedDatabase('0001');
  await using client = await connect(database.url);
  await insertEvents(client, ROWS);
  const ids = await client.rows<{ id: string }>(
    `with rejected as (select id, row_number() over (order by id) as place from event)
     update event set at = 'tomorrow' from rejected where event.id = rejected.id and place = any ($1) returning event.id`,
    [REJECTED],
  );
  expect(ids).toHaveLength(REJECTED.length);
  await using migrator = await openMigrator(database.url);
  await migrator.go('0003');

  expect(await client.value(`select count(*)::int from event where at_new is null`)).toBe(REJECTED.length);
  expect(await client.value(`select count(*)::int from online_migration.reject`)).toBe(REJECTED.length);
  expect(await client.value(`select sum(rows_filled)::int from online_migration.backfill_range`)).toBe(
    ROWS - REJECTED.length,
  );
  const filled = (ROWS - REJECTED.length).toLocaleString('en-US');
  const line = migrator.log.find((text) => text.includes(' rows in '));
  expect(line).toContain(`backfill: ${filled} rows in `);
  expect(line).toContain('; 4 rows did not convert');
});
