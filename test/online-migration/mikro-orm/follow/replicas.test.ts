import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  type FollowedOrm,
  followedOrm,
} from '../../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import { findPresences } from '../../../../src/online-migration/follow/presence.ts';
import { openContext, PHASES } from '../../../support/change-cycle.ts';
import { orderId, orderTotal } from '../../../support/shop/changes.ts';
import { Order } from '../../../support/shop/entities.ts';
import { createShop, shopOptions } from '../../../support/shop/open-shop.ts';
import { insertOrder } from '../../../support/shop/operations.ts';

const NAME = 'reads of the shop';

let resources: AsyncDisposableStack;
let url: string;
let orm: FollowedOrm;
let unfollowed: string[];

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  unfollowed = [];
  ({ url } = resources.use(await createShop()));
  orm = resources.use(
    await followedOrm(
      {
        ...shopOptions(url),
        // The same server, under another name.
        replicas: [{ name: 'replica', driverOptions: { connectionString: url, application_name: NAME } }],
      },
      {
        changes: [orderId, orderTotal],
        connection: url,
        log: () => undefined,
        onUnfollowedStatement: ({ statement }) => unfollowed.push(statement),
      },
    ),
  );
});
afterEach(() => resources.disposeAsync());

it('each version reads through MikroORM’s replicas, and writes to the primary', async () => {
  for (const phase of [undefined, ...PHASES.up]) {
    if (phase !== undefined) {
      await using context = await openContext(url, orderTotal.change);
      await phase(context);
    }
    const { id } = await insertOrder(orm);
    await orm.run(async (em) => {
      expect((await em.findOneOrFail(Order, id, { populate: ['items'] })).items.length).toBe(2);
      const nameOf = async (type: 'read' | 'write') => {
        const [row] = await em
          .getConnection(type)
          .execute<{ name: string }[]>(`select current_setting('application_name') as name`);
        return row!.name;
      };
      expect(await nameOf('read')).toBe(NAME);
      expect(await nameOf('write')).not.toBe(NAME);
    });
  }
});

it('a statement that does not follow is reported on a replica, too', async () => {
  {
    await using context = await openContext(url, orderTotal.change);
    for (const phase of PHASES.up.slice(0, 3)) await phase(context);
    // The process follows as soon as it is notified.
    for (let isNew = false; !isNew;) {
      const presences = await findPresences(context.session, orderTotal.change);
      isNew = presences.some(({ form }) => form === 'new');
    }
  }
  await orm.run(async (em) => {
    await em.getConnection('read').execute('select max(total_new) from orders');
    await em.getConnection('read').execute('select max(total) from orders');
  });
  expect(unfollowed).toEqual(['select max(total) from orders']);
});
