import { defineConfig, type Options } from '@mikro-orm/postgresql';
import {
  type FollowedOrm,
  followedOrm,
  type FollowedOrmOptions,
} from '../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import { connect } from '../database-client.ts';
import { createTestDatabase, type TestDatabase } from '../test-server.ts';
import { entities, TABLES } from './entities.ts';

/** MikroORM's options of the shop. */
export const shopOptions = (url: string): Options =>
  defineConfig({ clientUrl: url, entities, ensureDatabase: false });

/** A database with the tables before the changes. */
export async function createShop(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  await using client = await connect(database.url);
  for (const table of TABLES) await client.rows(table);
  return database;
}

/** Opens the shop's ORM. */
export function openShop(
  url: string,
  options: Pick<FollowedOrmOptions, 'changes'> & Partial<FollowedOrmOptions>,
): Promise<FollowedOrm> {
  return followedOrm(shopOptions(url), { connection: url, log: () => undefined, ...options });
}
