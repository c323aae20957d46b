import { describe, expect, it } from '@jest/globals';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { PHASES, openContext } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect } from '../../support/database-client.ts';
import { createRole, createTableOwner } from '../../support/roles.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const total = changeOf('orders.total', {
  from: 'text',
  to: 'numeric(12,2)',
  conversion: textToNumeric(12, 2),
});

const SETUP = `
  create table orders (id bigint primary key, tenant text not null, total text not null);
  insert into orders select n, case n % 2 when 0 then 'us' else 'them' end, n || '.5' from generate_series(1, 100) as n;
  create policy tenants on orders using (tenant = current_setting('app.tenant', true));
  alter table orders enable row level security`;

const FORCED = `alter table orders force row level security`;

/** Each phase and each way back, with the phases that lead to its starting stage. */
const STEPS = [...PHASES.up, ...PHASES.down];

describe('row level security', () => {
  it.each(STEPS.map((phase, index) => [phase.name, index] as const))(
    'that hides rows from the owner stops %s before its first statement, and it goes on when they can be seen',
    async (_name, index) => {
      await using database = await createTestDatabase();
      await using admin = await connect(database.url);
      await admin.rows(SETUP);
      await using owner = await createTableOwner(database.url, 'orders');
      await using context = await openContext(owner.url, total);
      for (const phase of STEPS.slice(0, index)) await phase(context);
      const columns = () =>
        admin.rows(
          `select attname, attnum from pg_attribute where attrelid = 'orders'::regclass and attnum > 0`,
        );
      const before = await columns();
      await admin.rows(FORCED);
      await expect(STEPS[index]!(context)).rejects.toThrow(
        /nothing was changed:\n {2}Row level security can hide rows of public\.orders from role_\w+.*bypassrls/,
      );
      expect(await columns()).toEqual(before);
      await admin.rows(`alter role ${owner.name} bypassrls`);
      for (const phase of STEPS.slice(index)) await phase(context);
      expect(await admin.value(`select count(*)::int from orders where total = id || '.5'`)).toBe(100);
    },
  );

  it('that hides rows from the application alone is no obstacle: every row is converted', async () => {
    await using database = await createTestDatabase();
    await using admin = await connect(database.url);
    await admin.rows(SETUP);
    await using owner = await createTableOwner(database.url, 'orders');
    await using application = await createRole(database.url);
    await admin.rows(`grant select, insert, update on orders to ${application.name}`);
    await using client = await connect(application.url);
    await client.rows(`set app.tenant = 'us'`);
    await using context = await openContext(owner.url, total);
    for (const phase of PHASES.up.slice(0, 3)) await phase(context);
    await client.rows(`insert into orders values (101, 'us', '101.5')`);
    for (const phase of PHASES.up.slice(3)) await phase(context);
    expect(await client.value(`select count(*)::int from orders`)).toBe(51);
    expect(await admin.value(`select count(*)::int from orders where total = id + 0.5`)).toBe(101);
  });
});
