import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { Config } from '../config.ts';
import { replicaConnections } from '../database/application-connections.ts';
import { urlsOfHosts } from '../database/connection-url.ts';
import { ActiveColumnFollower } from '../online-migration/follow/active-column-follower.ts';
import { pollActiveColumn } from '../online-migration/follow/active-column-poll.ts';
import { ReadReplica } from '../online-migration/follow/read-replica.ts';
import { createdAtColumn } from '../large-record/created-at-change.ts';
import { openOrm, type OpenOrm } from '../orm/open-orm.ts';

/** A replica as the repository takes it; disposing of it ends its poll. */
export interface Replica extends Disposable {
  readonly em: EntityManager;
  readonly follower: ActiveColumnFollower;
  readonly reads: ReadReplica;
}

/**
 * Opens the ORM of a replica.
 *
 * @param url where it is; may name several hosts
 * @param requestTimeoutMs how long a request may take, in milliseconds
 */
export async function openReplicaOrm(url: string, requestTimeoutMs: number): Promise<OpenOrm> {
  const servers = urlsOfHosts(url);
  return openOrm(servers[0]!, replicaConnections(servers, requestTimeoutMs));
}

/**
 * Follows the active column of a replica. Reads begin to go there when its catalog has been read.
 *
 * @param orm of the replica; who made it closes it
 * @param log receives a line when reads begin to go to the replica, and one when they no longer do
 */
export async function openReplica(
  orm: MikroORM,
  { activeColumn, activeColumnPollMs }: Pick<Config, 'activeColumn' | 'activeColumnPollMs'>,
  log: (line: string) => void,
): Promise<Replica> {
  const pool = await orm.em.getConnection().getNativeClient();
  const follower = new ActiveColumnFollower(createdAtColumn, pool, activeColumn);
  const reads = new ReadReplica(follower, log);
  const poll = pollActiveColumn(follower, activeColumnPollMs);
  // Not awaited: the application need not wait for a replica that is away.
  follower.refresh().catch(() => undefined);
  return { em: orm.em, follower, reads, [Symbol.dispose]: () => poll[Symbol.dispose]() };
}
