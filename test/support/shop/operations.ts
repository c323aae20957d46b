import assert from 'node:assert/strict';
import { expect } from '@jest/globals';
import { LockMode, OptimisticLockError, ref, wrap } from '@mikro-orm/core';
import { escapeIdentifier } from 'pg';
import { columnOf } from '../../../src/online-migration/mikro-orm/follow/column-of.ts';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Address, Customer, Gift, Item, Order, Tag } from './entities.ts';

const SINCE = new Date('2024-01-31T10:00:00.000Z');

/** An ORM that runs units of work: a followed one, or a plain one for comparison. */
export interface UnitRunner {
  readonly em: EntityManager;
  run<T>(work: (em: EntityManager) => Promise<T>): Promise<T>;
}

let customers = 0;

/** Inserts an order with two items and a tag, of a new customer. */
export async function insertOrder(orm: UnitRunner, total = '9.50') {
  return orm.run(async (em) => {
    const customer = em.create(Customer, {
      name: `customer ${(customers += 1)}`,
      since: SINCE,
      address: { street: 'Main', households: 3 },
    });
    const order = em.create(Order, { kind: 'order', customer, total, version: 1 });
    order.items.add(em.create(Item, { order, article: 'cup' }), em.create(Item, { order, article: 'pot' }));
    order.tags.add(em.create(Tag, { name: 'red' }));
    await em.flush();
    return { id: order.id, customerId: customer.id, name: customer.name };
  });
}

/** Operations of applications with MikroORM: each runs units of work, and checks their results. */
export const operations: Readonly<Record<string, (orm: UnitRunner) => Promise<void>>> = {
  async 'populates relations in both directions, with either strategy'(orm) {
    const { id, name } = await insertOrder(orm);
    for (const strategy of ['joined', 'select-in', 'balanced'] as const) {
      await orm.run(async (em) => {
        const order = await em.findOneOrFail(Order, id, {
          populate: ['items', 'customer', 'tags'],
          strategy,
        });
        expect(order.items.getItems().map(({ article }) => article)).toEqual(['cup', 'pot']);
        expect(order.customer.name).toBe(name);
        expect(order.tags.getItems().map((tag) => tag.name)).toEqual(['red']);
      });
      await orm.run(async (em) => {
        const [customer] = await em.find(Customer, { name }, { populate: ['orders.items'], strategy });
        expect(customer!.since).toEqual(SINCE);
        expect(customer!.orders.getItems().map((order) => order.id)).toEqual([id]);
        expect(customer!.orders[0]!.items.length).toBe(2);
        const tags = await em.find(Tag, { orders: { id } }, { populate: ['orders'], strategy });
        expect(tags.map((tag) => tag.orders.getItems().map((order) => order.total))).toEqual([['9.50']]);
      });
    }
  },

  async 'filters and orders by the property, also of a relation'(orm) {
    const { id, customerId } = await insertOrder(orm, '10.00');
    const other = await insertOrder(orm, '9.50');
    const ids = [id, other.id];
    await orm.run(async (em) => {
      const found = await em.find(Order, { id: ids }, { orderBy: { id: 'desc' } });
      expect(found.map((order) => order.id)).toEqual([other.id, id]);
      expect(await em.count(Order, { id: { $in: ids }, total: '10.00' })).toBe(1);
      const items = await em.find(
        Item,
        { order: { id: ids, customer: { since: SINCE } } },
        { orderBy: { order: { id: 'asc' }, id: 'asc' } },
      );
      expect(items.map((item) => item.order.id)).toEqual([id, id, other.id, other.id]);
      expect(
        await em.count(Customer, { id: customerId, since: { $gt: new Date(0) }, address: { households: 3 } }),
      ).toBe(1);
      const cursor = await em.findByCursor(Order, { where: { id: ids }, first: 1, orderBy: { id: 'asc' } });
      expect(cursor.items.map((order) => order.id)).toEqual([id]);
      const next = await em.findByCursor(Order, {
        where: { id: ids },
        first: 1,
        after: cursor,
        orderBy: { id: 'asc' },
      });
      expect(next.items.map((order) => order.id)).toEqual([other.id]);
    });
  },

  async 'builds queries, and gives raw SQL the column’s name'(orm) {
    const { id } = await insertOrder(orm);
    await orm.run(async (em) => {
      const [order] = await em
        .createQueryBuilder(Order, 'o')
        .where({ id })
        .leftJoinAndSelect('o.items', 'i')
        .getResult();
      expect(order!.items.length).toBe(2);
      await em.createQueryBuilder(Order).update({ total: '7.25' }).where({ id }).execute();
      const [key, total] = [columnOf(em, Order, 'id'), columnOf(em, Order, 'total')].map((name) =>
        escapeIdentifier(name),
      );
      expect(await em.execute(`select ${total} as total from orders where ${key} = ?`, [String(id)])).toEqual(
        [{ total: '7.25' }],
      );
      expect(await orm.em.createQueryBuilder(Order).where({ id }).getCount()).toBe(1);
    });
    await orm.run(async () => {
      // The EntityManager that the application injects follows the context.
      expect((await orm.em.getRepository(Order).findOneOrFail({ id })).total).toBe('7.25');
      expect(columnOf(orm.em, Customer, 'address.households')).toMatch(/^address_households(_new)?$/);
    });
  },

  async 'writes changes, cascades and orphans'(orm) {
    const { id, customerId } = await insertOrder(orm);
    await orm.run(async (em) => {
      const order = await em.findOneOrFail(Order, id, { populate: ['items', 'customer'] });
      order.total = '0.25';
      order.customer.since = new Date('2020-02-29T23:59:59.999Z');
      order.customer.address.households = 4;
      order.items.remove(order.items[0]!);
      order.items.add(em.create(Item, { order, article: 'pan' }));
      await em.flush();
    });
    await orm.run(async (em) => {
      const order = await em.findOneOrFail(Order, id, { populate: ['items', 'customer'] });
      expect(order.total).toBe('0.25');
      expect(
        order.items
          .getItems()
          .map(({ article }) => article)
          .toSorted(),
      ).toEqual(['pan', 'pot']);
      expect(order.customer.since).toEqual(new Date('2020-02-29T23:59:59.999Z'));
      expect(order.customer.address.households).toBe(4);
      order.items.removeAll();
      await em.flush();
      await em.remove(order).flush();
      expect(await em.count(Order, { id })).toBe(0);
      expect(await em.nativeDelete(Customer, { id: customerId, since: { $lt: new Date() } })).toBe(1);
    });
  },

  async 'inserts, updates and upserts without entities'(orm) {
    const { id, customerId, name } = await insertOrder(orm);
    await orm.run(async (em) => {
      const inserted = await em.insert(Order, {
        kind: 'order',
        customer: customerId,
        total: '1.00',
        version: 1,
      });
      // MikroORM returns the driver's value.
      const key = BigInt(inserted);
      expect(await em.nativeUpdate(Order, { id: key }, { total: '2.00' })).toBe(1);
      expect(await em.nativeDelete(Order, { id: key })).toBe(1);
      const { id: tag } = await em.findOneOrFail(Tag, { orders: { id } });
      const tagged = () => ({ kind: 'order', customer: customerId, total: '1.00', version: 1, tags: [tag] });
      const first = BigInt(await em.insert(Order, tagged()));
      const [second] = (await em.insertMany(Order, [tagged(), tagged()])).map(BigInt);
      const found = await em.find(Order, { tags: tag, id: [first, second!, second! + 1n] });
      expect(found.map((order) => order.total)).toEqual(['1.00', '1.00', '1.00']);
      await em.remove(found).flush();
      const since = new Date('2021-06-01T00:00:00.000Z');
      const address = { street: 'Side', households: 9 };
      const customer = await em.upsert(Customer, { name, since, address });
      expect(customer.id).toBe(customerId);
      const many = await em.upsertMany(Customer, [
        { name, since: SINCE, address },
        { name: `${name} again`, since, address },
      ]);
      expect(many.map((one) => one.since)).toEqual([SINCE, since]);
      const order = await em.upsert(Order, {
        id,
        kind: 'order',
        customer: customerId,
        total: '3.00',
        version: 1,
      });
      expect(order.total).toBe('3.00');
    });
    await orm.run(async (em) => {
      expect((await em.findOneOrFail(Order, id)).total).toBe('3.00');
      expect((await em.findOneOrFail(Customer, customerId)).address.households).toBe(9);
    });
  },

  async 'locks optimistically and pessimistically, in explicit transactions'(orm) {
    const { id } = await insertOrder(orm);
    await orm.run(async (em) => {
      await em.transactional(async (inner) => {
        const order = await inner.findOneOrFail(Order, id, { lockMode: LockMode.PESSIMISTIC_WRITE });
        order.total = '4.00';
      });
      const order = await em.findOneOrFail(Order, id);
      expect(order).toMatchObject({ total: '4.00', version: 2 });
      await em.lock(order, LockMode.OPTIMISTIC, 2);
      await em.fork().nativeUpdate(Order, { id }, { version: 5 });
      order.total = '5.00';
      await expect(em.flush()).rejects.toThrow(OptimisticLockError);
    });
    await expect(
      orm.run((em) =>
        em.transactional(async (inner) => {
          (await inner.findOneOrFail(Order, id)).total = '6.00';
          await inner.flush();
          throw new Error('rolled back');
        }),
      ),
    ).rejects.toThrow('rolled back');
    await orm.run(async (em) => {
      await em.begin();
      (await em.findOneOrFail(Order, id)).total = '6.50';
      await em.commit();
      expect((await em.fork().findOneOrFail(Order, id)).total).toBe('6.50');
    });
  },

  async 'keeps an identity map, refreshes, serializes and assigns'(orm) {
    const { id, customerId } = await insertOrder(orm);
    await orm.run(async (em) => {
      const order = await em.findOneOrFail(Order, id);
      expect(await em.findOne(Order, { total: '9.50', id })).toBe(order);
      expect(em.getReference(Order, id)).toBe(order);
      expect(em.getUnitOfWork().getById(Order, id)).toBe(order);
      const item = await em.findOneOrFail(Item, { order: id, article: 'cup' });
      expect(item.order).toBe(order);
      await em.fork().nativeUpdate(Order, { id }, { total: '8.00' });
      await em.refresh(order);
      expect(order.total).toBe('8.00');
      wrap(order).assign({ total: '8.25', customer: customerId });
      await em.flush();
      expect(wrap(order).toObject()).toMatchObject({ id: String(id), total: '8.25', customer: customerId });
      expect(JSON.parse(JSON.stringify(wrap(order).toPOJO()))).toMatchObject({ total: '8.25' });
      expect(ref(order).unwrap()).toBe(order);
    });
  },

  async 'tells subscribers, and stores results in its cache'(orm) {
    const { id } = await insertOrder(orm);
    await orm.run(async (em) => {
      const changes: unknown[] = [];
      em.getEventManager().registerSubscriber({
        afterUpdate: ({ entity, changeSet }) =>
          void changes.push([entity.constructor.name, changeSet?.payload['total']]),
      });
      (await em.findOneOrFail(Order, id)).total = '1.75';
      await em.flush();
      expect(changes).toContainEqual(['Order', '1.75']);
    });
    const cached = () =>
      orm.run(async (em) => (await em.find(Order, { id }, { cache: [`order ${id}`, 60_000] }))[0]!.total);
    expect(await cached()).toBe('1.75');
    await orm.run((em) => em.nativeUpdate(Order, { id }, { total: '2.75' }));
    expect(await cached()).toBe('1.75');
    await orm.em.fork().clearCache(`order ${id}`);
    expect(await cached()).toBe('2.75');
  },

  async 'streams entities'(orm) {
    const one = await insertOrder(orm);
    const other = await insertOrder(orm);
    const totals = await orm.run(async (em) => {
      const found: string[] = [];
      for await (const order of em.stream(Order, {
        where: { id: [one.id, other.id] },
        orderBy: { id: 'asc' },
      })) {
        found.push(order.total);
      }
      return found;
    });
    expect(totals).toEqual(['9.50', '9.50']);
  },

  async 'stores subclasses in one table'(orm) {
    const { customerId } = await insertOrder(orm);
    const id = await orm.run(async (em) => {
      const gift = em.create(Gift, {
        kind: 'gift',
        customer: customerId,
        total: '0.50',
        version: 1,
        message: 'hello',
      });
      await em.flush();
      return gift.id;
    });
    await orm.run(async (em) => {
      const gift = await em.findOneOrFail(Order, id);
      assert(gift instanceof Gift);
      expect(gift).toMatchObject({ message: 'hello', total: '0.50' });
      gift.total = '0.75';
      await em.flush();
      expect(await em.count(Gift, { id, total: '0.75' })).toBe(1);
    });
  },

  async 'makes entities with their constructor, before they have an EntityManager'(orm) {
    const { customerId } = await insertOrder(orm);
    const id = await orm.run(async (em) => {
      const customer = await em.findOneOrFail(Customer, customerId);
      const address = new Address();
      Object.assign(address, { street: 'New', households: 1 });
      customer.address = address;
      const order = new Order();
      Object.assign(order, { kind: 'order', customer, total: '3.50' });
      em.persist(order);
      await em.flush();
      return order.id;
    });
    await orm.run(async (em) => {
      const order = await em.findOneOrFail(Order, id, { populate: ['customer'] });
      expect(order).toMatchObject({ total: '3.50', customer: { address: { street: 'New', households: 1 } } });
    });
  },
};
