import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { ClientConfig, PoolConfig } from 'pg';
import type { Config } from '../config.ts';
import {
  type ColumnChange,
  type ColumnFollower,
  followColumn,
  poolName,
  ReadReplica,
} from 'online-migration';
import type { FeatureDatabase, FeatureReplica } from './feature.ts';
import type { Log } from './log.ts';

/** A column change and its follower in this process. */
export interface FollowedChange {
  readonly change: ColumnChange;
  readonly follower: ColumnFollower;
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
  return change === undefined ? {} : { application_name: poolName(change) };
}

/**
 * Follows changes on the primary: listens for notifications, polls the catalog, and announces the column that this
 * process uses.
 *
 * @param orm of the primary; the caller closes it
 * @param connection settings for a dedicated session
 * @throws Error if the configured active column belongs to no change
 */
export async function followOnPrimary(
  declared: readonly ColumnChange[],
  orm: MikroORM,
  { config, connection, log }: { config: FollowSettings; connection: () => ClientConfig; log: Log },
): Promise<FollowedDatabase> {
  await using resources = new AsyncDisposableStack();
  const followed = await follow(declared, orm, config, resources, {
    connection,
    log: (line) => log.warn(line),
  });
  for (const { follower } of followed.values()) {
    follower.on('switched', ({ name }) => log.notice(`The active column is ${name} now.`));
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
): Promise<FeatureReplica & AsyncDisposable> {
  await using resources = new AsyncDisposableStack();
  const followed = await follow(declared, orm, config, resources, { log: (line) => log.warn(line) });
  const reads = new Map<ColumnChange, ReadReplica>();
  for (const [change, { follower }] of followed) {
    reads.set(change, new ReadReplica(follower, (line) => log.warn(line)));
    // Not awaited: the application starts without an unavailable replica.
    follower.refresh().catch(() => undefined);
  }
  const owned = resources.move();
  return {
    ...databaseOf(orm.em, followed),
    reads: (change) => found(reads, change),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** @param resources receives each follower as soon as it is open */
async function follow(
  declared: readonly ColumnChange[],
  orm: MikroORM,
  { activeColumn, activeColumnPollMs: pollMs }: FollowSettings,
  resources: AsyncDisposableStack,
  session: { readonly connection?: () => ClientConfig; readonly log: (line: string) => void },
): Promise<Map<ColumnChange, FollowedChange>> {
  const pool = await orm.em.getConnection().getNativeClient();
  const changes = new Set(declared);
  const names = [...changes].flatMap(columnNames);
  if (activeColumn !== undefined && names.length > 0 && !names.includes(activeColumn)) {
    throw new Error(
      `ACTIVE_COLUMN is ${JSON.stringify(activeColumn)}: set it to auto, or to a column to stay on: ${names.join(', ')}.`,
    );
  }
  const followed = new Map<ColumnChange, FollowedChange>();
  for (const change of changes) {
    const pinnedColumn = columnNames(change).find((name) => name === activeColumn);
    const follower = resources.use(await followColumn({ change, pool, pollMs, pinnedColumn, ...session }));
    followed.set(change, { change, follower });
  }
  return followed;
}

function columnNames({ columns }: ColumnChange): string[] {
  return columns.flatMap(({ from, to }) => [from.name, to.name]);
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
