import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToTimestamptz } from '../../../src/online-migration/conversions/times/text-to-timestamptz.ts';
import { readChecklist } from '../../../src/online-migration/verify/checklist.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const change = changeOf('orders.id', {
  from: 'integer',
  to: 'bigint',
  conversion: integerToBigint,
  firesInBackfill: ['audit'],
});

const resources = new AsyncDisposableStack();
let client: DatabaseClient;

beforeAll(async () => {
  const database = resources.use(await createTestDatabase());
  client = resources.use(await connect(database.url));
  await client.rows(`
    create table orders (id integer generated always as identity primary key, customer text);
    create table item (order_id integer references orders, id_of_order bigint references orders);
    create table note (order_id integer, orders_id bigint);
    create function f() returns trigger language plpgsql as $$ begin return new; end $$;
    create trigger stamp before update on orders for each row execute function f();
    create trigger audit after update on orders for each row execute function f();
    create trigger first after insert on orders for each row execute function f()`);
});
afterAll(() => resources.disposeAsync());

describe('what only people can check', () => {
  it('names what depends on the table without a trace in the catalog', async () => {
    const points = await readChecklist(client, change);
    expect(points).toEqual([
      expect.stringMatching(/^Programs that use id and do not follow/),
      expect.stringMatching(
        /^`copy orders` and `insert into orders values \(…\)` without a list of columns: id_new comes last/,
      ),
      expect.stringMatching(/^Prepared statements with `select \*`/),
      expect.stringMatching(/fail with 23505 on orders_pkey_mirror, as it stands beside orders_pkey/),
      expect.stringMatching(
        /^item\.order_id refers to id and keeps its type: a value that only bigint holds/,
      ),
      expect.stringMatching(/^note\.order_id has no foreign key and is called as if it held values of id/),
      expect.stringMatching(/^Direct calls of nextval\('public\.orders_id_seq'\)/),
      'Triggers that do not fire for the rows that a backfill updates: audit, stamp. If one has to, add it to `firesInBackfill` and ' +
        'let it fire always, with `alter table … enable always trigger …`; if all of them have to, it is enough to add them.',
    ]);
  });

  it('names the views that are made anew, and the columns whose types change', async () => {
    await client.rows(`
      create view numbers as select id, id * 2 as twice, customer from orders;
      create view names as select customer as name from orders;
      create view number_list as select array_agg(id) as all, count(twice) from numbers`);
    const points = await readChecklist(client, change);
    const ofTime = changeOf('orders.customer', {
      from: 'text',
      to: 'timestamptz',
      conversion: textToTimestamptz,
    });
    const timePoints = await readChecklist(client, ofTime);
    await client.rows(`drop view number_list, numbers, names`);
    expect(points.filter((point) => point.startsWith('The view '))).toEqual([
      'The view public.numbers: contract makes it anew from the same definition, id becomes bigint, twice becomes bigint. Check that ' +
        'its expressions mean the same for bigint.',
      'The view public.number_list: contract makes it anew from the same definition, "all" becomes bigint[]. Check that its ' +
        'expressions mean the same for bigint.',
    ]);
    expect(timePoints.filter((point) => point.startsWith('The view public.names'))).toEqual([
      'The view public.names: contract makes it anew from the same definition, name becomes timestamp with time zone. Check that its ' +
        'expressions mean the same for timestamptz, whose text and date depend on the time zone of the session.',
    ]);
  });

  it('names the columns that stay narrower, also behind others, with the first number that fails', async () => {
    await client.rows(`
      create schema "Odd €";
      create table "Odd €"."Part" (order_id bigint unique references orders, parent integer references orders);
      create table "Odd €".label ("Part" integer references "Odd €"."Part" (order_id), small smallint references orders)`);
    const points = (await readChecklist(client, change)).filter((point) => point.includes('keeps its type'));
    const last = '`npx online-migration new` writes the changes of all these columns, in their order.';
    expect(points).toEqual([
      `"Odd €".label."Part" refers to "Odd €"."Part".order_id and keeps its type: a value that only bigint holds does not go in ` +
        `there. It needs a change of its own before this one: from the number 2147483648 on, each insert and update of ` +
        `"Odd €".label."Part" fails with 22003. ${last}`,
      expect.stringMatching(
        /^"Odd €"\."Part"\.parent refers to id and keeps its type: a value that only bigint /,
      ),
      `"Odd €".label.small refers to id and keeps its type: a value that only bigint holds does not go in there. It needs a ` +
        `change of its own before this one: from the number 32768 on, each insert and update of "Odd €".label.small fails ` +
        `with 22003. ${last}`,
      expect.stringMatching(/^item\.order_id /),
    ]);
  });

  it('is short for a column that nothing hangs on', async () => {
    const ofCustomer = changeOf('orders.customer', {
      from: 'text',
      to: 'varchar(9)',
      conversion: integerToBigint,
      firesInBackfill: ['audit', 'stamp'],
    });
    expect(await readChecklist(client, ofCustomer)).toHaveLength(3);
  });
});
