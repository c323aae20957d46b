import type { Queryable } from '../column-change.ts';
import { QUEUE_SCHEMA } from '../names.ts';
import { isContention } from './batch.ts';

const DROP_TRIES = 10;

/** Whether the ranges of a backfill are handed out to worker processes. */
export async function hasQueue(database: Queryable): Promise<boolean> {
  const { rows } = await database.query<{ exists: boolean }>(
    `select to_regclass('${QUEUE_SCHEMA}.queue') is not null as exists`,
  );
  return rows[0]?.exists ?? false;
}

/**
 * Takes the queue away, with all that is in it: worker processes end what they do after their batch. A job is nothing but
 * the name of a range, and the plan knows what is done of each, so nothing is lost.
 */
export async function dropQueue(database: Queryable): Promise<void> {
  await database.query(`drop schema if exists ${QUEUE_SCHEMA} cascade`);
}

/**
 * The same where worker processes may be at the queue: their statements take its tables' locks in an order of their own.
 * @param database has no transaction open
 */
export async function dropQueueInUse(database: Queryable): Promise<void> {
  for (let tries = DROP_TRIES; ; tries--) {
    try {
      return await dropQueue(database);
    } catch (error) {
      if (!isContention(error) || tries === 1) throw error;
    }
  }
}
