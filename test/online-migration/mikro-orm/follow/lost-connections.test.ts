import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import {
  type FollowedOrm,
  followedOrm,
} from '../../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import { connect, type DatabaseClient } from '../../../support/database-client.ts';
import { orderTotal } from '../../../support/shop/changes.ts';
import { Order } from '../../../support/shop/entities.ts';
import { createShop, shopOptions } from '../../../support/shop/open-shop.ts';
import { insertOrder } from '../../../support/shop/operations.ts';

/** A connection that is not returned is missed at once. */
const POOL_SIZE = 2;

/** No connection of the pool is in use between units of work. */
const NO_POLL_MS = 600_000;
const LOST_CONNECTION = /terminating connection|Connection terminated|not queryable/;

let resources: AsyncDisposableStack;
let client: DatabaseClient;
let orm: FollowedOrm;
let pool: Pool;
let id: Order['id'];

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  const { url } = resources.use(await createShop());
  client = resources.use(await connect(url));
  const options = { ...shopOptions(url), pool: { min: 0, max: POOL_SIZE } };
  orm = resources.use(
    await followedOrm(options, {
      changes: [orderTotal],
      connection: url,
      log: () => undefined,
      pollMs: NO_POLL_MS,
    }),
  );
  pool = await orm.base.em.getConnection().getNativeClient();
  ({ id } = await insertOrder(orm));
});
afterEach(() => resources.disposeAsync());

/** Ends the connection of a transaction, and waits for its end. */
const terminate = async (pid: number) => {
  await client.rows(`select pg_terminate_backend($1, 5000)`, [pid]);
};

async function transactionIsCut(when: 'during a statement' | 'before its commit'): Promise<void> {
  await orm.run((em) =>
    em.transactional(async (transaction) => {
      await transaction.findOneOrFail(Order, id);
      const [row] = await transaction.execute<{ pid: number }[]>(`select pg_backend_pid() as pid`);
      if (when === 'before its commit') return terminate(row!.pid);
      await Promise.all([transaction.execute(`select pg_sleep(60)`), terminate(row!.pid)]);
    }),
  );
}

describe.each(['during a statement', 'before its commit'] as const)(
  'a transaction whose connection is lost %s',
  (when) => {
    it('fails, and its connection is replaced', async () => {
      for (let cut = 0; cut < 2 * POOL_SIZE; cut++) {
        await expect(transactionIsCut(when)).rejects.toThrow(LOST_CONNECTION);
      }
      expect(pool.totalCount).toBeLessThanOrEqual(POOL_SIZE);
      await expect(orm.run((em) => em.findOneOrFail(Order, id))).resolves.toMatchObject({ id });
      expect(pool.waitingCount).toBe(0);
      expect(pool.totalCount - pool.idleCount).toBe(0);
    });
  },
);

it('returns a connection that is lost in a single statement once', async () => {
  for (let cut = 0; cut < 2 * POOL_SIZE; cut++) {
    const statement = orm.run((em) => em.execute(`select pg_sleep(60), 'cut ${cut}'`));
    const removed = once(pool, 'remove');
    const failure = statement.then(
      () => 'It did not fail.',
      (error: Error) => error.message,
    );
    let pids: { pid: number }[] = [];
    while (pids.length === 0) {
      pids = await client.rows<{ pid: number }>(
        `select pid from pg_stat_activity where query like 'select pg_sleep(60), ''cut ${cut}''' and state = 'active'`,
      );
    }
    await terminate(pids[0]!.pid);
    expect(await failure).toMatch(LOST_CONNECTION);
    await removed;
  }
  await expect(orm.run((em) => em.findOneOrFail(Order, id))).resolves.toMatchObject({ id });
  expect(pool.totalCount - pool.idleCount).toBe(0);
});
