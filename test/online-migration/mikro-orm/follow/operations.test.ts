import { RequestContext } from '@mikro-orm/core';
import { type EntityManager, MikroORM, SchemaGenerator } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { FollowedOrm } from '../../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import type { UnfollowedStatement } from '../../../../src/online-migration/mikro-orm/unfollowed/statement-watch.ts';
import { openContext, type PhaseFunction, PHASES } from '../../../support/change-cycle.ts';
import {
  customerSince,
  customerSinceAndHouseholds,
  households,
  orderId,
  orderIdAndTotal,
  orderTotal,
} from '../../../support/shop/changes.ts';
import { createShop, openShop, shopOptions } from '../../../support/shop/open-shop.ts';
import { operations, type UnitRunner } from '../../../support/shop/operations.ts';
import { createTestDatabase } from '../../../support/test-server.ts';

/** Changes of which each can be at any stage while the others are. */
const single = [orderId, orderTotal, customerSince, households];
const several = [orderIdAndTotal, customerSinceAndHouseholds];
const SETS = [
  { set: 'the key', changes: [orderId], followed: single },
  { set: 'three other columns', changes: [orderTotal, customerSince, households], followed: single },
  { set: 'the key and another column together', changes: [orderIdAndTotal], followed: several },
  { set: 'two other columns together', changes: [customerSinceAndHouseholds], followed: several },
];

const STEPS: { readonly name: string; readonly phase?: PhaseFunction }[] = [
  { name: 'nothing' },
  ...[...PHASES.up, ...PHASES.down].map((phase) => ({ name: phase.name, phase })),
];

describe('plain MikroORM, on the tables after the changes', () => {
  const resources = new AsyncDisposableStack();
  let orm: MikroORM;

  beforeAll(async () => {
    const { url } = resources.use(await createTestDatabase());
    orm = resources.use(await MikroORM.init({ ...shopOptions(url), extensions: [SchemaGenerator] }));
    await orm.schema.create();
  });
  afterAll(() => resources.disposeAsync());

  it.each(Object.keys(operations))('%s', async (operation) => {
    const runner: UnitRunner = {
      em: orm.em,
      run: (work) =>
        RequestContext.create(orm.em, () => work(RequestContext.getEntityManager() as EntityManager)),
    };
    await expect(operations[operation]!(runner)).resolves.toBeUndefined();
  });
});

describe.each(SETS)('a change of $set', ({ changes, followed }) => {
  const resources = new AsyncDisposableStack();
  let url: string;
  let orm: FollowedOrm;
  let unfollowed: UnfollowedStatement[];

  beforeAll(async () => {
    ({ url } = resources.use(await createShop()));
    orm = resources.use(
      await openShop(url, {
        changes: followed,
        onUnfollowedStatement: (found) => unfollowed.push(found),
      }),
    );
  });
  beforeEach(() => {
    unfollowed = [];
  });
  afterAll(() => resources.disposeAsync());

  describe.each(STEPS)('after $name', ({ phase }) => {
    beforeAll(async () => {
      if (phase === undefined) return;
      for (const { change } of changes) {
        await using context = await openContext(url, change);
        await phase(context);
      }
    });

    it.each(Object.keys(operations))('%s', async (operation) => {
      await expect(operations[operation]!(orm)).resolves.toBeUndefined();
      // MikroORM's own statements, and those that get the name by `columnOf`, follow.
      expect(unfollowed).toEqual([]);
    });
  });
});
