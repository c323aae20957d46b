import { expect, it, jest } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { PHASES, type TestContext } from '../../support/change-cycle.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const COLUMNS = ['size', 'width', 'height', 'depth', 'weight'];
/** The number of columns that are not nullable. */
const NOT_NULL = 3;

const database = databasePerFile();
const { client } = database;

/** A change of the first columns of `part`, of which the last ones are nullable. */
function changeOfColumns(count: number): ColumnChange {
  return {
    table: { schema: 'public', name: 'part' },
    key: 'id',
    columns: COLUMNS.slice(0, count).map((name, place) => ({
      from: { name, type: 'integer' },
      to: { name: `${name}_new`, type: 'bigint' },
      conversion: integerToBigint,
      nullable: place >= NOT_NULL,
    })),
  };
}

/**
 * The number of messages between each exclusive lock of the table and its commit, by the lock's purpose, over all phases
 * and reverts.
 * @param attachments how many of each kind the first column has; the other columns have one of each
 */
async function messagesUnderLock(columns: number, attachments: number): Promise<Record<string, number>> {
  const definitions = COLUMNS.map((name, place) => `${name} integer ${place < NOT_NULL ? 'not null' : ''}`);
  await client.rows(`
    drop schema public cascade;
    create schema public;
    create table part (id bigint primary key, ${definitions.join(', ')}, unique (size));
    insert into part select n, n, n, n, n, n from generate_series(1, 9) as n`);
  for (let place = 0; place < attachments; place++) {
    await client.rows(`
      create table box_${place} (id bigint primary key, size integer references part (size));
      create view big_${place} as select id, size from part;
      create index on part (size, id) where id > ${place};
      alter table part add check (size > ${-1 - place})`);
  }
  for (const name of COLUMNS.slice(1, columns)) {
    await client.rows(`
      create view ${name}_view as select id, ${name} from part;
      create index on part (${name});
      alter table part add check (${name} > 0)`);
  }
  await using context = await database.open(changeOfColumns(columns));
  return await countMessages(context);
}

async function countMessages(context: TestContext): Promise<Record<string, number>> {
  const { session } = context;
  const counts: Record<string, number> = {};
  let messages = 0;
  let isHeld = false;
  const count = (text: string) => {
    if (text.endsWith('lock table "public"."part" in access exclusive mode')) [messages, isHeld] = [0, true];
    else if (text === 'commit' || text === 'rollback') isHeld = false;
    else if (isHeld) messages++;
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
  const emit: TestContext['emit'] = (event) => {
    if (event.type === 'lock-held') counts[event.purpose] = messages;
  };
  for (const phase of [...PHASES.up, ...PHASES.down]) await phase({ ...context, emit });
  return counts;
}

it('no phase sends more messages under its exclusive lock if there are more attachments or columns', async () => {
  const counts = await messagesUnderLock(1, 1);
  expect(counts).toMatchObject({ expand: 1, 'enforce: set not null': 2, 'contract: drop the old column': 2 });
  expect(await messagesUnderLock(1, 5)).toEqual(counts);
  expect(await messagesUnderLock(COLUMNS.length, 1)).toEqual(counts);
}, 120_000);
