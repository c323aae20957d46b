import { describe, expect, it } from '@jest/globals';
import { textArrayToJsonb } from '../../../src/online-migration/conversions/documents/text-array-to-jsonb.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { PHASES, openContext } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect } from '../../support/database-client.ts';
import { createRole } from '../../support/roles.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';
import { createTestDatabase } from '../../support/test-server.ts';

/** Rows enough that the proof of contract takes several batches. */
const ROWS = 20_000;

const change = changeOf('orders.total', {
  from: { type: 'text', default: `'0.00'::text` },
  to: { type: 'numeric(12,2)', default: '0' },
  conversion: textToNumeric(12, 2),
});

/** Each would let a phase fail by itself; a role may have several of them. */
const SETTINGS: readonly Readonly<Record<string, string>>[] = [
  {
    default_transaction_isolation: `'repeatable read'`,
    lock_timeout: '1',
    statement_timeout: '2000',
    idle_in_transaction_session_timeout: '1',
    ...(SERVER_MAJOR < 17 ? {} : { transaction_timeout: '20' }),
  },
  {
    default_transaction_isolation: 'serializable',
    default_transaction_read_only: 'on',
    search_path: `''`,
    quote_all_identifiers: 'on',
  },
  {
    standard_conforming_strings: 'off',
    array_nulls: 'off',
    transform_null_equals: 'on',
    synchronous_commit: 'off',
  },
  { datestyle: `'SQL, DMY'`, bytea_output: 'escape', extra_float_digits: `'-5'`, row_security: 'off' },
];

describe('a change goes up and back with a role whose', () => {
  it('array_nulls is off, with kept arrays', async () => {
    await using database = await createTestDatabase();
    await using admin = await connect(database.url);
    await using role = await createRole(database.url);
    await admin.rows(`
      create table orders (id bigint primary key, tags text[] not null);
      insert into orders values (1, '[0:2]={NULL,"NULL",a}'), (2, '{NULL}');
      alter table orders owner to ${role.name};
      grant create on schema public to ${role.name};
      create schema online_migration authorization ${role.name};
      alter role ${role.name} set array_nulls = off`);
    await using context = await openContext(
      role.url,
      changeOf('orders.tags', { from: 'text[]', to: 'jsonb', conversion: textArrayToJsonb }),
    );
    for (const phase of [...PHASES.up, ...PHASES.down]) await phase(context);
    expect(await admin.rows(`select tags::text from orders order by id`)).toEqual([
      { tags: '[0:2]={NULL,"NULL",a}' },
      { tags: '{NULL}' },
    ]);
  });

  it.each(SETTINGS)('settings are %j', async (settings) => {
    await using database = await createTestDatabase();
    await using admin = await connect(database.url);
    await using role = await createRole(database.url);
    await admin.rows(`
      create table orders (id bigint primary key, total text not null default '0.00', name text);
      create index by_total on orders (total);
      insert into orders select n, n || case n % 2 when 0 then '.5' else '.50' end from generate_series(1, ${ROWS}) as n;
      alter table orders owner to ${role.name};
      grant create on schema public to ${role.name};
      create schema online_migration authorization ${role.name}`);
    for (const [name, value] of Object.entries(settings)) {
      await admin.rows(`alter role ${role.name} set ${name} = ${value}`);
    }
    {
      await using context = await openContext(role.url, change);
      for (const phase of PHASES.up) await phase(context);
    }
    expect(await admin.value(`select sum(total) = sum(id + 0.5) from orders`)).toBe(true);
    {
      await using context = await openContext(role.url, change);
      for (const phase of PHASES.down) await phase(context);
    }
    expect(
      await admin.value(
        `select count(*)::int from orders where total = id || case id % 2 when 0 then '.5' else '.50' end`,
      ),
    ).toBe(ROWS);
  });
});
