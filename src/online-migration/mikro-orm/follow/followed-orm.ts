import { RequestContext } from '@mikro-orm/core';
import type { EntityManager, MikroORM, Options } from '@mikro-orm/postgresql';
import type { ClientConfig } from 'pg';
import type { ColumnChange } from '../../change/column-change.ts';
import { changeNamesOf } from '../../change/names.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import { type ColumnFollower, followColumn, poolName } from '../../follow/follow-column.ts';
import type { ActiveColumn } from '../../follow/active-column.ts';
import { pause } from '../../postgres/pause.ts';
import { isOutdatedShape, runOnActiveColumns } from '../../follow/run-on-active-columns.ts';
import type { UnfollowedStatement } from '../unfollowed/statement-watch.ts';
import { type FollowedChange, FollowedOrmError, resolveChanges } from './followed-change.ts';
import { followingEntityManager } from './following-entity-manager.ts';
import { SchemaVersions } from './schema-versions.ts';
import { runNotingStreams } from './streamed-units.ts';

/** Longest wait for the first reading of the catalog. */
const FIRST_READING_MS = 1_000;

/** Options of {@link followedOrm}. */
export interface FollowedOrmOptions {
  /** The changes, each with the types of its properties if MikroORM's own do not serve. */
  readonly changes: readonly (ColumnChange | FollowedChange)[];
  /**
   * Opens one more session for each change, which declares the column in use and listens for phases: a URL, or a function that is
   * called before each connection. Without it the ORM only polls, as for a replica.
   */
  readonly connection?: string | (() => ClientConfig);
  /** Receives a line when one of these sessions is lost, and when it is back. */
  readonly log: (line: string) => void;
  /** Pause between two readings of the catalog in milliseconds; 1,000 by default. */
  readonly pollMs?: number;
  /**
   * Name of a column of one of the changes, to keep using as long as it has a value in every row, together with the other columns of
   * its change; by default none.
   */
  readonly pinnedColumn?: string;
  /**
   * For development and tests: receives each statement that names a column of a change although the other one is active, as raw
   * SQL does without `columnOf`. If it throws, the statement fails with this error.
   */
  readonly onUnfollowedStatement?: (found: UnfollowedStatement) => void;
}

/** A handler of Koa. */
type Handler<Context> = (context: Context) => Promise<unknown>;

/** The part of Koa's context that tells whether an answer has begun. */
interface Answering {
  readonly headerSent: boolean;
}

/** MikroORM on the active columns of the application's changes. Disposing of it closes its connections. */
export class FollowedOrm implements AsyncDisposable {
  readonly #versions: SchemaVersions;
  readonly #followers = new Map<ColumnChange, ColumnFollower>();
  /**
   * Like `orm.em` of MikroORM: within a context it is the EntityManager of the context, and a fork is of the active version. Before the
   * first reading of the catalog, which only a database that does not answer delays, a fork is of the version after all changes.
   */
  readonly em: EntityManager;

  private constructor(versions: SchemaVersions) {
    this.#versions = versions;
    this.em = followingEntityManager(versions.base.em, () => versions.entityManager(this.#activeVersion()));
  }

  /** Opens it; see {@link followedOrm}. */
  static async open(
    config: Options,
    { changes, pinnedColumn, onUnfollowedStatement, ...options }: FollowedOrmOptions,
  ): Promise<FollowedOrm> {
    const resolved = resolveChanges(changes);
    const orm = new FollowedOrm(await SchemaVersions.open(named(config, resolved[0]?.change), resolved));
    try {
      const pool = await orm.base.em.getConnection().getNativeClient();
      // All at once, because a server that does not answer delays each of them.
      const opened = await Promise.allSettled(
        resolved.map(({ change }) => {
          const isOfChange = columnNames(change).some((name) => name === pinnedColumn);
          const own = isOfChange ? pinnedColumn : undefined;
          return followColumn({ ...options, change, pool, pinnedColumn: own });
        }),
      );
      for (const [index, one] of opened.entries()) {
        if (one.status === 'fulfilled') orm.#follow(resolved[index]!.change, one.value);
      }
      for (const one of opened) if (one.status === 'rejected') throw one.reason;
      await orm.#readCatalog();
      await orm.#versions.openNeighbours(orm.#activeVersion());
      if (onUnfollowedStatement !== undefined) {
        await orm.#versions.watchStatements(() => orm.#activeVersion(), onUnfollowedStatement);
      }
      return orm;
    } catch (error) {
      await orm[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The ORM of the configuration, whose metadata describes the tables after all changes. */
  get base(): MikroORM {
    return this.#versions.base;
  }

  /** The follower of a change. */
  follower(change: ColumnChange): ColumnFollower {
    const follower = this.#followers.get(change);
    if (follower !== undefined) return follower;
    const { change: name } = changeNamesOf(change);
    throw new FollowedOrmError(
      'CHANGE_NOT_FOLLOWED',
      `The ORM does not follow the change ${name}: add it to the changes of \`followedOrm\`.`,
      { change: name },
    );
  }

  /**
   * Runs a unit of work on the active columns, in a context of its own. If a phase changes a table meanwhile, it runs again from
   * the start, with a new EntityManager.
   *
   * @param work may run more than once: whatever it does besides its work in the database may happen twice
   * @returns the result of the work
   * @throws the error of the work
   */
  async run<T>(work: (em: EntityManager) => Promise<T>): Promise<T> {
    return this.#run(work);
  }

  /**
   * Runs a function in a context whose EntityManager is of the active version, once. For the middleware of a framework:
   * `app.use((ctx, next) => orm.inContext(next))`. The error of a statement that a phase has overtaken is thrown.
   */
  async inContext<T>(next: () => Promise<T>): Promise<T> {
    return this.#run(next, () => false);
  }

  /**
   * Wraps a handler of Koa, so that it runs in a context of the active version, and again if a phase changes a table meanwhile.
   * @param handler must be able to start from scratch: read the request's body in a middleware before it
   */
  follow<Context extends Answering>(handler: Handler<Context>): Handler<Context> {
    return (context) =>
      this.#run(
        () => handler(context),
        () => !context.headerSent,
      );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const follower of this.#followers.values()) await follower[Symbol.asyncDispose]();
    await this.#versions[Symbol.asyncDispose]();
  }

  /** Lets a fork without a context be of the active version from the start. A server that does not answer delays the start only for a moment. */
  async #readCatalog(): Promise<void> {
    const unread = [...this.#followers.values()].filter(({ latest }) => latest === undefined);
    if (unread.length === 0) return;
    const readings = Promise.allSettled(unread.map((follower) => follower.refresh()));
    const stop = new AbortController();
    const patience = pause(FIRST_READING_MS, stop.signal).catch(() => undefined);
    await Promise.race([readings, patience]);
    stop.abort();
  }

  #follow(change: ColumnChange, follower: ColumnFollower): void {
    this.#followers.set(change, follower);
    follower.on('switched', () => void this.#versions.openNeighbours(this.#activeVersion()));
  }

  async #run<T>(work: (em: EntityManager) => Promise<T>, mayRunAgain = () => true): Promise<T> {
    const unit = { hasStreamed: false };
    try {
      return await runOnActiveColumns(
        [...this.#followers.values()],
        (active) => runNotingStreams(unit, () => this.#runOnVersion(active, work)),
        () => !unit.hasStreamed && mayRunAgain(),
      );
    } catch (error) {
      if (!unit.hasStreamed || !isOutdatedShape(error)) throw error;
      throw new OnlineMigrationError(
        'STREAM_OVERTAKEN',
        'A phase changed a table during a unit of work that has received rows of a stream, so the unit was not run again: ' +
          'discard the results of these rows, and start the unit again.',
        {},
        { cause: error },
      );
    }
  }

  #runOnVersion<T>(active: readonly ActiveColumn[], work: (em: EntityManager) => Promise<T>): Promise<T> {
    const version = this.#versions.entityManager(active.map(({ form }) => form));
    return RequestContext.create(version, () =>
      work(RequestContext.getEntityManager(version.name) as EntityManager),
    );
  }

  #activeVersion() {
    return [...this.#followers.values()].map(({ latest }) => latest?.form ?? 'renamed');
  }
}

/**
 * Opens MikroORM so that it follows changes: the application keeps one entity for each table, and its property is read from and
 * written to the column that is active.
 *
 * @param config MikroORM's options, as for `MikroORM.init`. The entities describe the tables after the changes
 * @returns the ORM, when each change's session is connected or cannot be connected now
 * @throws FollowedOrmError if a change does not fit the entities; errors of MikroORM
 */
export async function followedOrm(config: Options, options: FollowedOrmOptions): Promise<FollowedOrm> {
  return FollowedOrm.open(config, options);
}

function columnNames({ columns }: ColumnChange): string[] {
  return columns.flatMap(({ from, to }) => [from.name, to.name]);
}

/**
 * Names the sessions of the pool, so that contract recognises them as those of a process that announces its columns. A name
 * identifies one change; for the others, these sessions count as the package's own.
 */
function named(config: Options, change: ColumnChange | undefined): Options {
  const { driverOptions = {} } = config;
  // The application opens its connections in its own way.
  if (change === undefined || typeof driverOptions !== 'object' || 'createDriver' in driverOptions)
    return config;
  return { ...config, driverOptions: { application_name: poolName(change), ...driverOptions } };
}
