import { expect, it } from '@jest/globals';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { openContext } from '../../support/change-cycle.ts';
import { connect } from '../../support/database-client.ts';
import { eventChange } from '../../support/event-change.ts';
import { expectAllFilled, MOMENT } from '../../support/event-table.ts';
import { createTableOwner } from '../../support/roles.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const ROWS = 2_000;

it.each([
  [
    'nothing more',
    [],
    'backfill: without pg_monitor it does not throttle on replication lag, old snapshots or unarchived WAL, it does not rest ' +
      'beside busy sessions, and blockers are not described; to change that, run `grant pg_monitor to OWNER` as a superuser',
  ],
  [
    'the sight of sessions',
    ['pg_read_all_stats'],
    'backfill: without pg_monitor it does not throttle on unarchived WAL; to change that, run `grant pg_monitor to OWNER` as a superuser',
  ],
  ['pg_monitor', ['pg_monitor'], undefined],
])(
  'the owner of a table with %s can backfill it, and the log says what it does without',
  async (_, roles, line) => {
    await using database = await createTestDatabase();
    await using client = await connect(database.url);
    await client.rows(`create table event (id bigint primary key, at varchar(50) not null)`);
    await client.rows(`insert into event select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`);
    await using owner = await createTableOwner(database.url, 'event');
    for (const role of roles) await client.rows(`grant ${role} to ${owner.name}`);
    await using opened = await openContext(owner.url, eventChange);
    for (const phase of [expand, backfill]) await phase(opened);
    await expectAllFilled(client, ROWS);
    expect(opened.lines.filter((told) => told.includes('pg_monitor'))).toEqual(
      line === undefined ? [] : [line.replace('OWNER', owner.name)],
    );
  },
);
