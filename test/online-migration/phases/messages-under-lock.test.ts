import { expect, it, jest } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const change = changeOf('part.size', { from: 'integer', to: 'bigint', conversion: integerToBigint });

const database = databasePerFile();
const { client } = database;

/** The greatest number of messages between an exclusive lock and its commit, over all phases and reverts. */
async function messagesUnderLock(attachments: number): Promise<number> {
  await client.rows(`
    drop schema public cascade;
    create schema public;
    create table part (id bigint primary key, size integer not null unique);
    insert into part select n, n from generate_series(1, 9) as n`);
  for (let place = 0; place < attachments; place++) {
    await client.rows(`
      create table box_${place} (id bigint primary key, size integer references part (size));
      create view big_${place} as select id, size from part;
      create index on part (size, id) where id > ${place};
      alter table part add check (size > ${-1 - place})`);
  }
  await using context = await database.open(change);
  const { session } = context;
  let greatest = 0;
  let messages: number | undefined;
  const count = (text: string) => {
    if (/^lock table .* in access exclusive mode$/.test(text)) messages = 0;
    else if (text === 'commit' || text === 'rollback') messages = undefined;
    else if (messages !== undefined) greatest = Math.max(greatest, ++messages);
  };
  const query = session.query.bind(session);
  const script = session.script.bind(session);
  jest.spyOn(session, 'query').mockImplementation((text, values) => {
    count(text);
    return query<never>(text, values);
  });
  jest.spyOn(session, 'script').mockImplementation((text) => {
    count(text);
    return script(text);
  });
  for (const phase of [...PHASES.up, ...PHASES.down]) await phase(context);
  return greatest;
}

it('no phase sends more messages under its exclusive lock if the column has more attachments', async () => {
  expect(await messagesUnderLock(5)).toBe(await messagesUnderLock(1));
});
