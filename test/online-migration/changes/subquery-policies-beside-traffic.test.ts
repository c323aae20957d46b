import { expect, it } from '@jest/globals';
import { PHASES } from '../../support/change-cycle.ts';
import { connect } from '../../support/database-client.ts';
import { createRole } from '../../support/roles.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerTest } from '../../support/tested-database.ts';
import { change, MEMBERS, OWN } from './subquery-policy-cases.ts';

/** Far longer than a try holds its locks. */
const LONGEST_WAIT = '3s';

const database = databasePerTest(
  ...MEMBERS,
  `create table folder (id bigint primary key, document_id bigint references document)`,
  `insert into folder select n, n from generate_series(1, 100) as n`,
  OWN,
  `create policy own on folder using (document_id in (select id from document))`,
  `create policy owned on folder as restrictive using (
     exists (select from membership m where m.user_id = current_setting('app.user_id', true)::integer)
   )`,
  `alter table document enable row level security; alter table folder enable row level security`,
);
const { client } = database;

it('a client that the policies restrict sees exactly its rows at every moment, up and down', async () => {
  const role = await createRole(database.url);
  database.defer(async () => await role[Symbol.asyncDispose]());
  await client.rows(`
    grant usage on schema public to ${role.name};
    grant select, insert, update, delete on all tables in schema public to ${role.name}`);
  const before = await readSchema(client);
  const failures: string[] = [];
  const stopping = new AbortController();
  const counts: number[] = [];

  const start = async (
    user: number,
    statements: (run: (sql: string) => Promise<unknown>) => Promise<unknown>,
  ) => {
    const one = await connect(role.url);
    database.defer(async () => await one[Symbol.asyncDispose]());
    await one.rows(`set app.user_id = '${user}'; set statement_timeout = '${LONGEST_WAIT}'`);
    await one.rows(`prepare documents as select array_agg(id order by id)::text from document`);
    const place = counts.push(0) - 1;
    const running = (async () => {
      while (!stopping.signal.aborted) {
        const seen = await statements((sql) => one.value(sql)).catch(async (error: unknown) => {
          await one.rows('rollback');
          return String(error);
        });
        const expected = `{${Array.from({ length: 10 }, (_one, tens) => tens * 10 + user).join(',')}}`;
        if (seen !== expected) failures.push(`${user}: ${String(seen)}`);
        counts[place]! += 1;
        await one.rows('select pg_sleep(0.02)');
      }
    })();
    return { running };
  };

  const clients = await Promise.all([
    start(3, (run) => run(`select array_agg(id order by id)::text from document`)),
    start(4, (run) => run(`execute documents`)),
    start(5, (run) => run(`select array_agg(document_id order by id)::text from folder`)),
    start(6, async (run) => {
      await run('begin');
      const seen = await run(`select array_agg(document_id order by id)::text from folder`);
      await run(`update document set author = 1`);
      await run('commit');
      return seen;
    }),
  ]);
  database.defer(async () => {
    stopping.abort();
    await Promise.all(clients.map(({ running }) => running));
  });
  await using context = await database.open(change);
  for (const phase of [...PHASES.up, ...PHASES.down]) await phase(context);
  stopping.abort();
  await Promise.all(clients.map(({ running }) => running));
  expect(failures).toEqual([]);
  for (const count of counts) expect(count).toBeGreaterThan(10);
  // Nobody else's row was written.
  expect(await client.value(`select count(*)::int from document where author = 1 and id % 10 <> 6`)).toBe(1);
  expect(await readSchema(client)).toEqual(before);
});
