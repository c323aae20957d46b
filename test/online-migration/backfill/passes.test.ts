import { expect, it } from '@jest/globals';
import { STRIPES } from '../../../src/online-migration/backfill/plan/stripes.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { eventChange } from '../../support/event-change.ts';
import { MOMENT } from '../../support/event-table.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const ROWS = 30_000;

const database = databasePerTest();
const { client } = database;

it('a pass has three batches at least, so that those of other workers end before the next pass', async () => {
  await client.rows(`create table event (id bigint primary key, at varchar(50) not null)`);
  await client.rows(`insert into event select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`);
  await client.rows(`analyze event`);
  const opened = await database.open(eventChange);
  await expand(opened);
  await client.rows(`create table batch (number serial, pass int)`);
  await client.rows(`
    create function note_batch() returns trigger language plpgsql as $$
    begin
      insert into batch (pass) values (old.stripe);
      return null;
    end $$`);
  await client.rows(
    `create trigger note_batch after update of rows_filled on online_migration.backfill_range
    for each row execute function note_batch()`,
  );
  // Any pass fits into one batch of this duration.
  const settings = { ...opened.settings, backfill: { ...opened.settings.backfill, batchMs: 10_000 } };
  await backfill({ ...opened, settings });
  const passes = await client.rows<{ batches: number }>(
    `select count(*)::int as batches from batch group by pass order by pass`,
  );
  expect(passes).toHaveLength(STRIPES);
  for (const { batches } of passes) expect(batches).toBeGreaterThanOrEqual(3);
});
