import { randomBytes } from 'node:crypto';
import type { DatabaseClient } from './database-client.ts';

/** A role that owns one table and is otherwise nobody: no superuser, no member of `pg_monitor`. */
export interface TableOwner extends AsyncDisposable {
  /** Needs no quotes. */
  readonly name: string;
  /** The database's URL with this role in it. */
  readonly url: string;
}

/**
 * Gives a table to a role of its own, as an administrator would who lets it change a column.
 * @param client a superuser's connection to the database; it outlives the role
 * @param url the database's URL
 * @param table as SQL takes it
 */
export async function giveToOwner(client: DatabaseClient, url: string, table: string): Promise<TableOwner> {
  const name = `owner_${randomBytes(6).toString('hex')}`;
  await client.rows(`create role ${name} login password '${name}'`);
  await client.rows(`alter table ${table} owner to ${name}`);
  await client.rows(`create schema online_migration authorization ${name}`);
  await client.rows(
    `do $$ begin execute format('grant create on database %I to ${name}', current_database()); end $$`,
  );
  await client.rows(`grant create on schema public to ${name}`);
  const ownUrl = new URL(url);
  ownUrl.username = name;
  ownUrl.password = name;
  return {
    name,
    url: ownUrl.href,
    async [Symbol.asyncDispose]() {
      await client.rows(`drop owned by ${name} cascade`);
      await client.rows(`drop role ${name}`);
    },
  };
}
