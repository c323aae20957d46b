import { expect, it } from '@jest/globals';
import { ConnectionLostError, Session } from '../../src/online-migration/session.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { connect } from '../support/database-client.ts';
import { createTestDatabase } from '../support/test-server.ts';

it('takes one processor at most, also for what other sessions share out to several', async () => {
  await using database = await createTestDatabase();
  await using client = await connect(database.url);
  await client.query(`create table wide as select n from generate_series(1, 10000) as n`);
  await client.query(`
    do $$ begin
      execute format('alter database %I set parallel_setup_cost = 0', current_database());
      execute format('alter database %I set parallel_tuple_cost = 0', current_database());
      execute format('alter database %I set min_parallel_table_scan_size = 0', current_database());
    end $$`);

  const plan = `explain (costs off) select count(*) from wide`;
  await using other = await connect(database.url);
  expect(JSON.stringify(await other.rows(plan))).toContain('Workers Planned');
  await using session = await Session.open({ connectionString: database.url }, 'online-migration test');
  expect(JSON.stringify((await session.query(plan)).rows)).not.toContain('Workers Planned');
  const { rows } = await session.query(`show max_parallel_maintenance_workers`);
  expect(rows).toEqual([{ max_parallel_maintenance_workers: '0' }]);
});

it('says that the connection was lost where the server ends it before the first statement', async () => {
  await using database = await createTestDatabase();
  await using proxy = await startCuttingProxy(database.url);
  const opening = Session.open({ connectionString: proxy.url }, 'online-migration test');
  await expect(opening).rejects.toThrow(ConnectionLostError);
  await expect(opening).rejects.toThrow('terminating connection due to administrator command');
});
