import { defineConfig } from '@mikro-orm/postgresql';
import { expect, it } from '@jest/globals';
import { followedOrm } from '../../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import { openContext, PHASES } from '../../../support/change-cycle.ts';
import { connect } from '../../../support/database-client.ts';
import {
  delivery,
  jsonObjects,
  OrderWithObjects,
  tableWithObjects,
} from '../../../support/shop/mappings/json-objects.ts';
import { createTestDatabase } from '../../../support/test-server.ts';

it.each([
  ['up', PHASES.up.slice(0, 3), PHASES.up.slice(3)],
  ['down', PHASES.up, PHASES.down],
])(
  '%s: an EntityManager that is older than the phases never reads an order without its object',
  async (_, before, after) => {
    await using resources = new AsyncDisposableStack();
    const { url } = resources.use(await createTestDatabase());
    const client = resources.use(await connect(url));
    await client.rows(tableWithObjects('delivery'));
    await using context = await openContext(url, delivery.change);
    for (const phase of before) await phase(context);
    const orm = resources.use(
      await followedOrm(
        defineConfig({ clientUrl: url, entities: jsonObjects[0]!.entities, ensureDatabase: false }),
        { changes: [delivery], connection: url, log: () => undefined },
      ),
    );
    const id = await orm.run(async (em) => {
      const place = { city: 'Ulm', total: 'all' };
      const order = em.create(OrderWithObjects, {
        total: '1',
        delivery: { street: 'Main', place },
        stops: [],
      });
      await em.flush();
      return order.id;
    });
    const held = orm.em.fork();
    for (const phase of after) {
      await phase(context);
      const reading = held.fork().findOneOrFail(OrderWithObjects, id);
      const street = await reading.then(
        (order) => order.delivery.street,
        ({ code }: { code: string }) => code,
      );
      expect(['Main', '42703']).toContain(street);
    }
  },
);
