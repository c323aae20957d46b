import type { ClientConfig } from 'pg';
import type { Config } from '../config.ts';
import { type ColumnChange, type ColumnFollower, ReadReplica } from 'online-migration';
import {
  type FollowedChange as DeclaredChange,
  type FollowedOrm,
  followedOrm,
} from 'online-migration/mikro-orm';
import type { Options } from '@mikro-orm/postgresql';
import type { FeatureReplica } from './feature.ts';
import type { Log } from './log.ts';

/** A column change and its follower in this process. */
export interface FollowedChange {
  readonly change: ColumnChange;
  readonly follower: ColumnFollower;
}

type FollowSettings = Pick<Config, 'activeColumn' | 'activeColumnPollMs'>;

/**
 * Opens the ORM of the primary. It listens for notifications, polls the catalog, and announces the columns that this
 * process uses.
 *
 * @param options MikroORM's options
 * @param connection settings for a dedicated session
 * @throws Error if the configured active column belongs to no change
 */
export async function openPrimary(
  options: Options,
  changes: readonly DeclaredChange[],
  { config, connection, log }: { config: FollowSettings; connection: () => ClientConfig; log: Log },
): Promise<FollowedOrm> {
  const orm = await followedOrm(options, {
    changes,
    connection,
    log: (line) => log.warn(line),
    ...settingsOf(changes, config),
  });
  for (const { change } of changes) {
    orm.follower(change).on('switched', ({ names }) => {
      log.notice(`The active ${names.length === 1 ? 'column is' : 'columns are'} ${names.join(', ')} now.`);
    });
  }
  return orm;
}

/**
 * Opens the ORM of a replica. Reads use the replica once its catalog has been read.
 *
 * @param options MikroORM's options
 * @param log receives a line when reads start to use the replica, and when they stop
 * @returns the replica; disposing of it closes its connections
 */
export async function openReplica(
  options: Options,
  changes: readonly DeclaredChange[],
  { config, log }: { config: FollowSettings; log: Log },
): Promise<FeatureReplica & AsyncDisposable> {
  const warn = (line: string) => log.warn(line);
  const orm = await followedOrm(options, { changes, log: warn, ...settingsOf(changes, config) });
  const reads = new Map<ColumnChange, ReadReplica>();
  for (const { change } of changes) {
    const follower = orm.follower(change);
    reads.set(change, new ReadReplica(follower, warn));
    // Not awaited: the application starts without an unavailable replica.
    follower.refresh().catch(() => undefined);
  }
  return {
    orm,
    reads(change) {
      const found = reads.get(change);
      if (found !== undefined) return found;
      const { schema, name } = change.table;
      throw new Error(
        `A feature follows a change of ${schema}.${name} that it does not list in its changes.`,
      );
    },
    [Symbol.asyncDispose]: () => orm[Symbol.asyncDispose](),
  };
}

function settingsOf(
  changes: readonly DeclaredChange[],
  { activeColumn, activeColumnPollMs }: FollowSettings,
) {
  const names = changes.flatMap(({ change }) =>
    change.columns.flatMap(({ from, to }) => [from.name, to.name]),
  );
  if (activeColumn !== undefined && names.length > 0 && !names.includes(activeColumn)) {
    throw new Error(
      `ACTIVE_COLUMN is ${JSON.stringify(activeColumn)}: set it to auto, or to a column to stay on: ${names.join(', ')}.`,
    );
  }
  return { pollMs: activeColumnPollMs, ...(activeColumn !== undefined && { pinnedColumn: activeColumn }) };
}
