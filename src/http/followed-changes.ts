import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { ClientConfig, PoolConfig } from 'pg';
import type { Config } from '../config.ts';
import { type ChangedColumn, changedColumnOf } from '../online-migration/change/changed-column.ts';
import type { ColumnChange } from '../online-migration/change/column-change.ts';
import { ActiveColumnFollower } from '../online-migration/follow/active-column-follower.ts';
import { pollActiveColumn } from '../online-migration/follow/active-column-poll.ts';
import { poolNameOf } from '../online-migration/follow/presence.ts';
import { keepPresence } from '../online-migration/follow/presence-session.ts';
import { ReadReplica } from '../online-migration/follow/read-replica.ts';
import type { FeatureDatabase, FeatureReplica } from './feature.ts';
import type { Log } from './log.ts';

/** A column change, and what knows its active column in this process. */
export interface FollowedChange {
  readonly column: ChangedColumn;
  readonly follower: ActiveColumnFollower;
}

/** A server on which this process follows the changes. */
export interface FollowedDatabase extends FeatureDatabase, AsyncDisposable {
  readonly changes: readonly FollowedChange[];
}

type FollowSettings = Pick<Config, 'activeColumn' | 'activeColumnPollMs'>;

/**
 * How the sessions that serve requests call themselves, so that contract can tell them from those of a process that does
 * not say which column it uses. One name has room for one change; for the others, the sessions count as the package's own.
 */
export function applicationNameFor([change]: readonly ColumnChange[]): PoolConfig {
  return change === undefined ? {} : { application_name: poolNameOf(changedColumnOf(change)) };
}

/**
 * Follows changes on the primary: hears of every move, looks at the catalog now and then, and says which column this process
 * uses.
 *
 * @param orm of the primary; who made it closes it
 * @param connection how a session of its own connects to the database
 * @throws UnknownColumnError if no change has the column of the configuration
 */
export async function followOnPrimary(
  declared: readonly ColumnChange[],
  orm: MikroORM,
  { config, connection, log }: { config: FollowSettings; connection: () => ClientConfig; log: Log },
): Promise<FollowedDatabase> {
  await using resources = new AsyncDisposableStack();
  const followed = await followersOn(orm, declared, config);
  for (const { column, follower } of followed.values()) {
    follower.on('switched', ({ name }) => log.notice(`The active column is ${name} now.`));
    const presence = { change: column, connection, follower, log: (line: string) => log.warn(line) };
    resources.use(await keepPresence(presence));
    resources.use(pollActiveColumn(follower, config.activeColumnPollMs));
  }
  const owned = resources.move();
  return {
    ...databaseOf(orm.em, followed),
    changes: [...followed.values()],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * Follows changes on a replica. Reads begin to go there when its catalog has been read.
 *
 * @param orm of the replica; who made it closes it
 * @param log receives a line when reads begin to go to the replica, and one when they no longer do
 * @returns a replica for features; disposing of it ends its polls
 */
export async function followOnReplica(
  declared: readonly ColumnChange[],
  orm: MikroORM,
  { config, log }: { config: FollowSettings; log: Log },
): Promise<FeatureReplica & Disposable> {
  using resources = new DisposableStack();
  const followed = await followersOn(orm, declared, config);
  const reads = new Map<ColumnChange, ReadReplica>();
  for (const [change, { follower }] of followed) {
    reads.set(change, new ReadReplica(follower, (line) => log.warn(line)));
    resources.use(pollActiveColumn(follower, config.activeColumnPollMs));
    // Not awaited: the application need not wait for a replica that is away.
    follower.refresh().catch(() => undefined);
  }
  const owned = resources.move();
  return {
    ...databaseOf(orm.em, followed),
    reads: (change) => found(reads, change),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

async function followersOn(
  orm: MikroORM,
  declared: readonly ColumnChange[],
  { activeColumn }: FollowSettings,
): Promise<Map<ColumnChange, FollowedChange>> {
  const pool = await orm.em.getConnection().getNativeClient();
  const columns = declared.map((change) => ({ change, column: changedColumnOf(change) }));
  const isKnown = columns.some(({ column }) => hasColumn(column, activeColumn));
  return new Map(
    columns.map(({ change, column }) => {
      // A name that no change has goes to all, which refuse it.
      const pinned = isKnown && !hasColumn(column, activeColumn) ? undefined : activeColumn;
      return [change, { column, follower: new ActiveColumnFollower(column, pool, pinned) }];
    }),
  );
}

function hasColumn({ oldColumn, newColumn }: ChangedColumn, name: string | undefined): boolean {
  return name === oldColumn.name || name === newColumn.name;
}

function databaseOf(em: EntityManager, followed: ReadonlyMap<ColumnChange, FollowedChange>): FeatureDatabase {
  return { em, follower: (change) => found(followed, change).follower };
}

function found<Value>(values: ReadonlyMap<ColumnChange, Value>, change: ColumnChange): Value {
  const value = values.get(change);
  if (value !== undefined) return value;
  const { schema, name } = change.table;
  throw new Error(`A feature follows a change of ${schema}.${name} that it does not list in its changes.`);
}
