import { RequestContext, TransactionContext } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { noteStreams } from './streamed-units.ts';

/**
 * The EntityManager that the application holds. Like MikroORM's global one, it hands each call to the EntityManager of the
 * context. Its metadata and its driver are of the context's version; without a context, of the active version, so that a fork
 * follows too.
 *
 * @param global the global EntityManager of an ORM
 * @param active the EntityManager of the active version
 */
export function followingEntityManager(global: EntityManager, active: () => EntityManager): EntityManager {
  const following = global.fork({ useContext: true, disableContextResolution: true });
  noteStreams(following);
  const { name } = following;
  const current = () =>
    TransactionContext.getEntityManager(name) ?? RequestContext.getEntityManager(name) ?? active();
  const ofCurrent = (property: 'config' | 'driver' | 'metadata') => ({
    get: () => (current() as unknown as Record<typeof property, unknown>)[property],
    configurable: true,
  });
  return Object.defineProperties(Object.assign(following, { global: true }), {
    config: ofCurrent('config'),
    driver: ofCurrent('driver'),
    metadata: ofCurrent('metadata'),
  });
}
