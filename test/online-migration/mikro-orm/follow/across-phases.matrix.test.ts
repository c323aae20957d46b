import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FollowedOrm } from '../../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import { openContext, type PhaseFunction, PHASES } from '../../../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../../../support/database-client.ts';
import { refusedWith } from '../../../support/refused-with.ts';
import { customerSince, households, orderId, orderTotal } from '../../../support/shop/changes.ts';
import { Customer, Order } from '../../../support/shop/entities.ts';
import { createShop, openShop } from '../../../support/shop/open-shop.ts';
import { insertOrder } from '../../../support/shop/operations.ts';

const changes = [orderId, orderTotal, customerSince, households];
/** Changes of which each can be at any stage while the others are. */
const together = [orderTotal, customerSince, households];

let resources: AsyncDisposableStack;
let url: string;
let client: DatabaseClient;
let orm: FollowedOrm;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  ({ url } = resources.use(await createShop()));
  client = resources.use(await connect(url));
  // A session with other settings, in which a text becomes another time.
  await client.rows(`alter database "${new URL(url).pathname.slice(1)}" set timezone = 'Asia/Tokyo'`);
  orm = resources.use(await openShop(url, { changes }));
});
afterEach(() => resources.disposeAsync());

async function run(...phases: readonly PhaseFunction[]): Promise<void> {
  for (const { change } of together) {
    await using context = await openContext(url, change);
    for (const phase of phases) await phase(context);
  }
}

/** Runs phases, and waits until the ORM uses the columns that are active then. */
async function runFollowed(...phases: readonly PhaseFunction[]): Promise<void> {
  await run(...phases);
  for (const { change } of together) await orm.follower(change).refresh();
}

describe('an entity that is held across phases', () => {
  it.each([
    ['up', PHASES.up, 0],
    ['up from enforced', PHASES.up.slice(3), 3],
    ['down', PHASES.down, 5],
    ['down from contracted', PHASES.down.slice(1), 4],
  ])('%s never writes a value under another type', async (_, later, count) => {
    await run(...PHASES.up.slice(0, count));
    const { id, customerId } = await insertOrder(orm);
    const since = new Date('2020-02-29T12:00:00.000Z');
    const em = orm.em.fork();
    const order = await em.findOneOrFail(Order, id, { populate: ['customer'] });
    for (const phase of later) {
      await run(phase);
      order.total = '77.70';
      order.customer.since = since;
      order.customer.address.households += 1;
      await em.flush().catch(() => undefined);
      const stored = await orm.run(async (fresh) => {
        const found = await fresh.findOneOrFail(Customer, customerId, { populate: ['orders'] });
        return { since: found.since, total: found.orders[0]!.total };
      });
      expect([
        { since: new Date('2024-01-31T10:00:00.000Z'), total: '9.50' },
        { since, total: '77.70' },
      ]).toContainEqual(stored);
    }
  });
});

describe('a unit of work that a phase overtakes', () => {
  it('runs again with a new EntityManager, and its first run has written nothing', async () => {
    const { id } = await insertOrder(orm);
    await runFollowed(...PHASES.up.slice(0, 3));
    const ems = new Set<unknown>();
    const total = await orm.run(async (em) => {
      ems.add(em);
      if (ems.size === 1) await run(...PHASES.up.slice(3));
      const order = await em.findOneOrFail(Order, id);
      order.total = '1.25';
      await em.flush();
      return order.total;
    });
    expect(total).toBe('1.25');
    expect(ems.size).toBe(2);
    expect(await client.value(`select total::text from orders`)).toBe('1.25');
  });

  it('fails if it has received rows of a stream', async () => {
    const { id } = await insertOrder(orm);
    await runFollowed(...PHASES.up.slice(0, 3));
    let runs = 0;
    const streaming = orm.run(async (em) => {
      runs += 1;
      for await (const order of em.stream(Order, { where: { id } })) expect(order.id).toBe(id);
      await run(...PHASES.up.slice(3));
      await em.fork().findOneOrFail(Order, id);
    });
    await expect(streaming).rejects.toMatchObject(refusedWith('STREAM_OVERTAKEN', /start the unit again/));
    expect(runs).toBe(1);
  });

  it('runs again in a handler that has sent nothing, and once in a middleware', async () => {
    const { id } = await insertOrder(orm);
    await runFollowed(...PHASES.up.slice(0, 3));
    const context = { headerSent: false, bodies: [] as string[] };
    await orm.follow(async (ctx: typeof context) => {
      ctx.bodies.push('begun');
      if (ctx.bodies.length === 1) await run(...PHASES.up.slice(3));
      ctx.bodies.push((await orm.em.findOneOrFail(Order, id)).total);
    })(context);
    expect(context.bodies).toEqual(['begun', 'begun', '9.50']);

    let runs = 0;
    const overtaken = orm.inContext(async () => {
      runs += 1;
      await run(PHASES.down[0]);
      await orm.em.findOneOrFail(Order, id);
    });
    await expect(overtaken).rejects.toMatchObject({ code: '42703' });
    expect(runs).toBe(1);
  });

  it('does not run again after the answer has begun', async () => {
    const { id } = await insertOrder(orm);
    await runFollowed(...PHASES.up.slice(0, 3));
    const context = { headerSent: false };
    const handled = orm.follow(async (ctx: typeof context) => {
      ctx.headerSent = true;
      await run(...PHASES.up.slice(3));
      await orm.em.findOneOrFail(Order, id);
    })(context);
    await expect(handled).rejects.toMatchObject({ code: '42703' });
  });

  it('runs again if a row has no value in the column', async () => {
    const { id } = await insertOrder(orm);
    await runFollowed(...PHASES.up.slice(0, 3));
    let runs = 0;
    await orm.run(async (em) => {
      runs += 1;
      if (runs === 1) {
        await run(PHASES.down[2]);
        await client.rows(`alter table orders disable trigger user; update orders set total_new = null`);
      }
      expect((await em.findOneOrFail(Order, id)).total).toBe('9.50');
    });
    expect(runs).toBe(2);
  });
});
