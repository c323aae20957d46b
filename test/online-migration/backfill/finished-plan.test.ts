import { expect, it } from '@jest/globals';
import { readHandedOut } from '../../../src/online-migration/backfill/queue/queue-state.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { eventChange } from '../../support/event-change.ts';
import { MOMENT } from '../../support/event-table.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const database = databasePerTest();
const { client } = database;

it('a finished plan of a version with fewer stripes has no work for worker processes', async () => {
  await client.rows(`create table event (id bigint primary key, at varchar(50) not null)`);
  await client.rows(`insert into event select n, ${MOMENT} from generate_series(1, 100) as n`);
  const opened = await database.open(eventChange);
  await expand(opened);
  await backfill(opened);
  await client.rows(`update online_migration.backfill_range set stripe = 9`);
  expect(await readHandedOut(opened.session, eventChange)).toBe('done');
});
