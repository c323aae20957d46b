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

/** A column change and its follower in this process. */
export interface FollowedChange {
  readonly column: ChangedColumn;
  readonly follower: ActiveColumnFollower;
}

/** A server, and the followed changes on it. */
export interface FollowedDatabase extends FeatureDatabase, AsyncDisposable {
  readonly changes: readonly FollowedChange[];
}

type FollowSettings = Pick<Config, 'activeColumn' | 'activeColumnPollMs'>;

/**
 * The application_name of sessions that serve requests. Contract uses it to recognise sessions of processes that do not
 * announce their column. The name identifies only one change; for other changes, these sessions count as the package's
 * own.
 */
export function applicationNameFor([change]: readonly ColumnChange[]): PoolConfig {
  return change === undefined ? {} : { application_name: poolNameOf(changedColumnOf(change)) };
}

/**
 * Follows changes on the primary: listens for notifications, polls the catalog, and announces the column that this
 * process uses.
 *
 * @param orm of the primary; the caller closes it
 * @param connection settings for a dedicated session
 * @throws UnknownColumnError if the configured active column belongs to no change
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
 * Follows changes on a replica. Reads use the replica once its catalog has been read.
 *
 * @param orm of the replica; the caller closes it
 * @param log receives a line when reads start to use the replica, and when they stop
 * @returns the replica; disposing of it stops its polls
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
    // Not awaited: the application starts without an unavailable replica.
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
      // Followers reject a name that belongs to no change.
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
