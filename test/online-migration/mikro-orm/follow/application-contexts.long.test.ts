import { defineEntity, p, RequestContext } from '@mikro-orm/core';
import { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type FollowedOrm,
  followedOrm,
} from '../../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import { openContext, type PhaseFunction, PHASES } from '../../../support/change-cycle.ts';
import { refusedWith } from '../../../support/refused-with.ts';
import { customerSince, households, orderTotal } from '../../../support/shop/changes.ts';
import { Customer, Order } from '../../../support/shop/entities.ts';
import { createShop, shopOptions } from '../../../support/shop/open-shop.ts';
import { insertOrder } from '../../../support/shop/operations.ts';

const changes = [orderTotal, customerSince, households];
const STAGES = [
  { stage: 'initial', phases: [], later: PHASES.up },
  { stage: 'enforced', phases: PHASES.up.slice(0, 3), later: PHASES.up.slice(3) },
  { stage: 'renamed', phases: PHASES.up, later: PHASES.down },
];

/** Phases before which another column is active. */
const MOVES = [[], PHASES.up.slice(0, 3), PHASES.up.slice(3), PHASES.down.slice(0, 2), PHASES.down.slice(2)];

/** An EntityManager with a method of the application. */
class ShopEntityManager extends EntityManager {
  async totalOf(id: bigint): Promise<string> {
    return (await this.findOneOrFail(Order, id)).total;
  }
}

const reportSchema = defineEntity({
  name: 'Report',
  tableName: 'tag',
  properties: { id: p.integer().primary() },
});
class Report extends reportSchema.class {}
reportSchema.setClass(Report);

let resources: AsyncDisposableStack;
let url: string;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  ({ url } = resources.use(await createShop()));
});
afterEach(() => resources.disposeAsync());

async function run(phases: readonly PhaseFunction[], of = changes): Promise<void> {
  for (const { change } of of) {
    await using context = await openContext(url, change);
    for (const phase of phases) await phase(context);
  }
}

/** Opens an ORM that notices a phase only when a statement fails. */
async function open(options: Parameters<typeof followedOrm>[0] = {}): Promise<FollowedOrm> {
  const following = { changes, log: () => undefined, pollMs: 1e6 };
  return resources.use(await followedOrm({ ...shopOptions(url), ...options }, following));
}

describe.each(STAGES)('at the stage $stage', ({ phases, later }) => {
  beforeEach(() => run(phases));

  it('an application keeps its own EntityManager', async () => {
    const orm = await open({ entityManager: ShopEntityManager });
    const { id } = await insertOrder(orm);
    const own = (em: EntityManager) => {
      expect(em).toBeInstanceOf(ShopEntityManager);
      return em as ShopEntityManager;
    };
    await orm.run(async (em) => {
      expect(await own(em).totalOf(id)).toBe('9.50');
      expect(await own(em.fork()).totalOf(id)).toBe('9.50');
      expect(await own(orm.em).totalOf(id)).toBe('9.50');
      const total = await em.transactional(async (inner) => {
        (await inner.findOneOrFail(Order, id)).total = '3.00';
        await inner.flush();
        return own(inner).totalOf(id);
      });
      expect(total).toBe('3.00');
    });
    expect(await own(orm.em.fork()).totalOf(id)).toBe('3.00');
  });

  it('a fork before the first unit of work is of the active version', async () => {
    const { id } = await insertOrder(await open());
    const orm = await open();
    expect((await orm.em.fork().findOneOrFail(Order, id, { populate: ['customer'] })).total).toBe('9.50');
  });

  it('works in the context of another ORM, also of the same context’s name', async () => {
    const other = resources.use(await MikroORM.init({ ...shopOptions(url), entities: [Report] }));
    await RequestContext.create(other.em, async () => {
      const orm = await open();
      const { id } = await insertOrder(orm);
      // The version after this phase is not open yet.
      await run(later, [orderTotal]);
      await orm.run(async (em) => {
        expect((await em.findOneOrFail(Order, id)).total).toBe('9.50');
      });
      expect(await other.em.find(Report, {})).toHaveLength(1);
      expect(await insertOrder(orm)).toMatchObject({ id: id + 1n });
    });
  });
});

it('the stream of an EntityManager of the application’s own is noted', async () => {
  const orm = await open({ entityManager: ShopEntityManager });
  await insertOrder(orm);
  await insertOrder(orm);
  let runs = 0;
  const streaming = orm.run(async (em) => {
    runs += 1;
    for await (const order of em.stream(Order, {})) expect(order.total).toBe('9.50');
    await run(PHASES.up);
    await em.fork().findOneOrFail(Order, { total: '9.50' });
  });
  await expect(streaming).rejects.toMatchObject(refusedWith('STREAM_OVERTAKEN', /start the unit again/));
  expect(runs).toBe(1);
});

describe('the result cache', () => {
  it('gives right values after each switchover, up and down', async () => {
    const orm = await open();
    const { customerId } = await insertOrder(orm);
    const since = new Date('2024-01-31T10:00:00.000Z');
    const cachedEntity = () =>
      orm.run(
        async (em) => (await em.findOneOrFail(Customer, customerId, { cache: ['entity', 60_000] })).since,
      );
    const cachedQuery = () =>
      orm.run(async (em) => {
        const query = em.createQueryBuilder(Customer).where({ id: customerId }).cache(['query', 60_000]);
        return (await query.getResult())[0]!.since;
      });
    for (const phases of MOVES) {
      await run(phases);
      for (const { change } of changes) await orm.follower(change).refresh();
      for (const cached of [cachedEntity, cachedQuery]) {
        expect(await cached()).toEqual(since);
        expect(await cached()).toEqual(since);
      }
    }
  });

  it('is cleared for all versions', async () => {
    const orm = await open();
    const { id } = await insertOrder(orm);
    const cached = () =>
      orm.run(async (em) => (await em.findOneOrFail(Order, id, { cache: ['total', 60_000] })).total);
    const move = async (phases: readonly PhaseFunction[]) => {
      await run(phases, [orderTotal]);
      await orm.follower(orderTotal.change).refresh();
    };
    expect(await cached()).toBe('9.50');
    await move(PHASES.up.slice(0, 3));
    await orm.run((em) => em.nativeUpdate(Order, id, { total: '1.00' }));
    await orm.em.fork().clearCache('total');
    await move(PHASES.down.slice(2));
    expect(await cached()).toBe('1.00');
  });
});
