import { EventEmitter, once } from 'node:events';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { FollowedOrm } from '../../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import { openContext, PHASES } from '../../../support/change-cycle.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { customerSince, households, orderId, orderTotal } from '../../../support/shop/changes.ts';
import { Customer, Item, Order } from '../../../support/shop/entities.ts';
import { createShop, openShop } from '../../../support/shop/open-shop.ts';
import { insertOrder } from '../../../support/shop/operations.ts';

const WORKERS = 2;

/** Other suites take the processors, and a phase waits for its locks. */
const LONGEST_MS = 300_000;

/** How many orders are written and changed between two phases. */
const UNITS_BETWEEN = 4;

/** Shorter than PostgreSQL's deadlock_timeout, longer than a unit of work beside other suites. */
const LOCK_TIMEOUT_MS = 700;

const resources = new AsyncDisposableStack();
let url: string;
let orm: FollowedOrm;

beforeAll(async () => {
  ({ url } = resources.use(await createShop()));
  orm = resources.use(await openShop(url, { changes: [orderId, orderTotal, customerSince, households] }));
});
afterAll(() => resources.disposeAsync());

/** The acknowledged state of an order. */
interface Acknowledged {
  total: string;
  articles: string[];
  since: Date;
}

it.each([
  ['the key', [orderId]],
  ['three other columns', [orderTotal, customerSince, households]],
])(
  'units of work neither fail nor lose a write while a change of %s goes up and down',
  async (name, changes) => {
    const random = seededRandom(name);
    const orders = new Map<bigint, Acknowledged>();
    const stop = new AbortController();
    const progress = new EventEmitter<{ unit: [] }>();

    const work = async (worker: number) => {
      for (let round = 0; !stop.signal.aborted; round += 1) {
        const { id, customerId } = await insertOrder(orm);
        const state: Acknowledged = { total: '9.50', articles: ['cup', 'pot'], since: new Date(0) };
        orders.set(id, state);
        const total = `${round}.${10 + worker}`;
        const since = new Date(Math.floor(random() * 1e12));
        await orm.run(async (em) => {
          const order = await em.findOneOrFail(Order, id, { populate: ['items', 'customer'] });
          order.total = total;
          order.customer.since = since;
          order.items.add(em.create(Item, { order, article: 'pan' }));
          await em.flush();
        });
        Object.assign(state, { total, since, articles: ['cup', 'pan', 'pot'] });
        await orm.run((em) =>
          em.transactional(async (inner) => {
            const customer = await inner.findOneOrFail(Customer, customerId, { populate: ['orders.items'] });
            expect(customer.orders.getItems().map((order) => order.id)).toEqual([id]);
            inner.remove(customer.orders[0]!.items.getItems().find(({ article }) => article === 'cup')!);
          }),
        );
        state.articles = ['pan', 'pot'];
        progress.emit('unit');
      }
    };

    const working = Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
    for (const phase of [...PHASES.up, ...PHASES.down]) {
      for (const { change } of changes) {
        await using context = await openContext(url, change);
        const settings = { ...context.settings, lockTimeoutMs: LOCK_TIMEOUT_MS };
        await Promise.race([phase({ ...context, settings }), working]);
        for (let unit = 0; unit < UNITS_BETWEEN; unit += 1)
          await Promise.race([once(progress, 'unit'), working]);
      }
    }
    stop.abort();
    await working;

    await orm.run(async (em) => {
      for (const [id, { total, articles, since }] of orders) {
        const order = await em.findOneOrFail(Order, id, { populate: ['items', 'customer'] });
        expect({
          total: order.total,
          articles: order.items
            .getItems()
            .map(({ article }) => article)
            .toSorted(),
          since: order.customer.since,
        }).toEqual({ total, articles, since });
      }
    });
    expect(orders.size).toBeGreaterThan(WORKERS);
  },
  LONGEST_MS,
);
