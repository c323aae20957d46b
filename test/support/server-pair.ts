import { escapeLiteral } from 'pg';
import type { ThrowawayPostgres } from '../../src/database/throwaway-postgres.ts';
import { connect } from './database-client.ts';
import { startOwnServer } from './own-server.ts';

/** A server, and a second one that acts as its standby: it has the same password and is read-only. */
export interface ServerPair extends AsyncDisposable {
  readonly primary: ThrowawayPostgres;
  readonly standby: ThrowawayPostgres;
  /** Makes one of them read-only or writable. */
  setReadOnly(server: ThrowawayPostgres, value: 'on' | 'off'): Promise<void>;
  /** The URL of the primary with these hosts instead of its own. */
  url(...hosts: string[]): string;
}

/** Starts both servers. They do not replicate. */
export async function startServerPair(): Promise<ServerPair> {
  await using resources = new AsyncDisposableStack();
  const primary = resources.use(await startOwnServer());
  const standby = resources.use(await startOwnServer());
  const primaryUrl = new URL(primary.url());
  const url = (...hosts: string[]) => primaryUrl.href.replace(primaryUrl.host, hosts.join());
  const setReadOnly: ServerPair['setReadOnly'] = (server, value) =>
    run(
      url(hostOf(server)),
      `alter system set default_transaction_read_only = ${value}`,
      `select pg_reload_conf()`,
    );
  await run(standby.url(), `alter role postgres password ${escapeLiteral(primaryUrl.password)}`);
  await setReadOnly(standby, 'on');
  const owned = resources.move();
  return {
    primary,
    standby,
    url,
    setReadOnly,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The server's address and port, as in a URL. */
export function hostOf(server: ThrowawayPostgres): string {
  return new URL(server.url()).host;
}

async function run(url: string, ...statements: string[]): Promise<void> {
  await using client = await connect(url);
  for (const statement of statements) await client.rows(statement);
}
