import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntityManager, PostgreSqlDriver } from '@mikro-orm/postgresql';

/** Whether the unit of work in progress has received rows of a stream. */
interface StreamedUnit {
  hasStreamed: boolean;
}

const unitOfWork = new AsyncLocalStorage<StreamedUnit>();

type Stream = (...options: unknown[]) => AsyncGenerator;

/** The class of a version's EntityManagers: the application's, with its streams noted. */
export function notingStreams(own: typeof EntityManager): typeof EntityManager {
  const noting = class extends own<PostgreSqlDriver> {} as typeof EntityManager;
  Object.defineProperty(noting, 'name', { value: own.name });
  noteStreams(noting.prototype);
  return noting;
}

/**
 * Runs a unit of work, and notes whether a stream gives it rows. The caller may have sent them on, so the unit must not
 * start again from scratch then.
 */
export function runNotingStreams<T>(unit: StreamedUnit, work: () => Promise<T>): Promise<T> {
  return unitOfWork.run(unit, work);
}

/** @param em an EntityManager, or the prototype of a class */
export function noteStreams(em: EntityManager): void {
  const { stream } = em as unknown as { readonly stream: Stream };
  Object.defineProperty(em, 'stream', {
    async *value(this: EntityManager, ...options: unknown[]) {
      for await (const row of stream.apply(this, options)) {
        const unit = unitOfWork.getStore();
        if (unit !== undefined) unit.hasStreamed = true;
        yield row;
      }
    },
    configurable: true,
    writable: true,
  });
}
