import { setImmediate } from 'node:timers/promises';
import type { Pool } from 'pg';
import { type CacheAdapter, type EntityMetadata, RequestContext, TransactionContext } from '@mikro-orm/core';
import { EntityManager, MikroORM, type Options, type PostgreSqlConnection } from '@mikro-orm/postgresql';
import { type ActiveColumn, columnNameOf, FORMS, formsOf } from '../../follow/active-column.ts';
import { changeNamesOf } from '../../change/names.ts';
import { type WatchOptions, watchStatements } from '../unfollowed/statement-watch.ts';
import type { KnownTable } from '../unfollowed/visible-columns.ts';
import { FollowedOrmError, type ResolvedChange } from './followed-change.ts';
import { ownerOf } from './followed-properties.ts';
import { returnLostConnections } from './lost-connections.ts';
import { sharePrototypes } from './shared-prototypes.ts';
import { notingStreams } from './streamed-units.ts';
import { VersionDriver } from './version-driver.ts';
import { VersionHydrator } from './version-hydrator.ts';
import { sharedCache, withVersionCache } from './version-result-cache.ts';
import { applyForm } from './version-metadata.ts';

/** The schema of PostgreSQL for entities that declare none. */
const DEFAULT_SCHEMA = 'public';

/** A form for each change, in the order of the changes. */
export type SchemaVersion = readonly ActiveColumn['form'][];

/**
 * An ORM for each version of the schema, on the connections of one.
 *
 * 1. The first ORM is that of the application's own configuration. It owns the connections, and its metadata describes the
 *    tables after all changes.
 * 2. The ORM of a version has its own metadata: column, type and references of each changed property.
 * 3. A version is opened when it is needed, or when it is one phase away from the active one. Opening it does not
 *    connect, and takes no turn of the event loop, so that no request sees prototypes of a half opened ORM.
 */
export class SchemaVersions implements AsyncDisposable {
  readonly #base: MikroORM;
  readonly #cache: CacheAdapter;
  readonly #options: Options;
  readonly #changes: readonly ResolvedChange[];
  readonly #opened = new Map<string, { readonly orm: MikroORM; readonly em: EntityManager }>();

  private constructor(
    base: MikroORM,
    cache: CacheAdapter,
    options: Options,
    changes: readonly ResolvedChange[],
  ) {
    this.#base = base;
    this.#cache = cache;
    this.#options = options;
    this.#changes = changes;
  }

  /**
   * @param options MikroORM's, of the application
   * @throws FollowedOrmError if a change does not fit the entities
   */
  static async open(options: Options, changes: readonly ResolvedChange[]): Promise<SchemaVersions> {
    const cache = sharedCache(options);
    // It closes the cache, too.
    const base = await MikroORM.init(withVersionCache(options, cache, 'after all changes'));
    const versions = new SchemaVersions(base, cache, options, changes);
    try {
      const { connection, replicas } = connectionsOf(base);
      for (const one of [connection, ...replicas]) returnLostConnections(await poolOf(one));
      // Each form of each change once, so that a change that does not fit is reported at the start.
      const forms = changes.map(({ change }) => formsOf(change));
      for (const index of FORMS.keys()) versions.entityManager(forms.map((some) => some[index] ?? 'renamed'));
    } catch (error) {
      await base.close();
      throw error;
    }
    return versions;
  }

  /** The ORM of the application's own configuration. */
  get base(): MikroORM {
    return this.#base;
  }

  /** The EntityManager of a version, to be forked. */
  entityManager(version: SchemaVersion): EntityManager {
    const key = version.join();
    const opened = this.#opened.get(key);
    if (opened !== undefined) return opened.em;
    const orm = this.#open(version);
    // A fork without a context: it belongs to this version, whatever the context holds.
    const em = orm.em.fork({ disableContextResolution: true });
    this.#opened.set(key, { orm, em });
    sharePrototypes([this.#base, ...[...this.#opened.values()].map((one) => one.orm)]);
    return em;
  }

  /** The version of an EntityManager; undefined if it is of the base, or of another ORM. */
  #versionOf(em: EntityManager | undefined): SchemaVersion | undefined {
    const found = [...this.#opened].find(([, { orm }]) => orm.config === em?.config);
    return found?.[0].split(',') as ActiveColumn['form'][] | undefined;
  }

  /**
   * Reports the statements that name a column without MikroORM's mapping or `columnOf`. A statement is compared with the version
   * of its context; without a context, with the active version.
   *
   * @param active the active version
   * @param report receives each statement once
   */
  async watchStatements(active: () => SchemaVersion, report: WatchOptions['report']): Promise<void> {
    const { name } = this.#base.em;
    const { connection, replicas } = connectionsOf(this.#base);
    const places = new Map(
      this.#changes.flatMap(({ columns }, place) => columns.map(({ column }) => [column, place] as const)),
    );
    await watchStatements({
      connections: [connection, ...replicas],
      columns: [...places.keys()],
      tables: [...this.#base.getMetadata()].flatMap((meta) => tableOf(meta, this.#defaultSchema)),
      defaultSchema: this.#defaultSchema,
      activeColumn: (column) => {
        const em = TransactionContext.getEntityManager(name) ?? RequestContext.getEntityManager(name);
        const version = this.#versionOf(em as EntityManager | undefined) ?? active();
        return columnNameOf(column, version[places.get(column)!]!);
      },
      report,
    });
  }

  /** Opens the versions that one phase, up or down, leads to. Requests are served in between. */
  async openNeighbours(version: SchemaVersion): Promise<void> {
    for (const [index, form] of version.entries()) {
      const forms = formsOf(this.#changes[index]!.change);
      const place = forms.indexOf(form);
      for (const next of [forms[place - 1], forms[place + 1]]) {
        if (next === undefined) continue;
        await setImmediate();
        this.entityManager(version.with(index, next));
      }
    }
  }

  /** Closes the connections of all versions. */
  async [Symbol.asyncDispose](): Promise<void> {
    const pool = await this.#base.em.getConnection().getNativeClient();
    await this.#base.close();
    // Kysely does not close a pool that it has never used.
    if (!pool.ended && !pool.ending) await pool.end();
  }

  get #defaultSchema(): string {
    return this.#options.schema ?? DEFAULT_SCHEMA;
  }

  #open(version: SchemaVersion): MikroORM {
    const { discovery = {}, entities = [] } = this.#options;
    const names = this.#changes.map(
      ({ change }, index) => `${changeNamesOf(change).change} ${version[index]}`,
    );
    const orm = new MikroORM({
      ...withVersionCache(this.#options, this.#cache, names.join(', ')),
      driver: VersionDriver,
      // An EntityManager and a hydrator of the application's own stay.
      entityManager: notingStreams((this.#options.entityManager ?? EntityManager) as typeof EntityManager),
      hydrator: this.#options.hydrator ?? VersionHydrator,
      // A folder cannot be searched without a turn of the event loop.
      entities: entities.some((entity) => typeof entity === 'string')
        ? [...this.#base.getMetadata()].map((meta) => meta.class)
        : entities,
      discovery: {
        ...discovery,
        skipSyncDiscovery: false,
        afterDiscovered: (storage, platform) => {
          void discovery.afterDiscovered?.(storage, platform);
          for (const [index, change] of this.#changes.entries()) {
            applyForm(storage, platform, change, version[index]!, this.#defaultSchema);
          }
        },
      },
    });
    Object.assign(orm.driver, connectionsOf(this.#base));
    return orm;
  }
}

/** @throws FollowedOrmError if the application opens its connections in another way than by a pool of `pg` */
async function poolOf(connection: PostgreSqlConnection): Promise<Pool> {
  try {
    return await connection.getNativeClient();
  } catch (error) {
    throw new FollowedOrmError(
      'POOL_NOT_AVAILABLE',
      'followedOrm reads the catalog through the pool of MikroORM, and `driverOptions` contains a Kysely instance or dialect, whose ' +
        'pool MikroORM does not know: pass options of the pool there.',
      {},
      { cause: error },
    );
  }
}

/** MikroORM does not publish its connections to replicas. */
function connectionsOf({ driver }: MikroORM): {
  readonly connection: PostgreSqlConnection;
  readonly replicas: readonly PostgreSqlConnection[];
} {
  const { connection, replicas } = driver as unknown as ReturnType<typeof connectionsOf>;
  return { connection, replicas };
}

function tableOf(meta: EntityMetadata, defaultSchema: string): KnownTable[] {
  if (meta.embeddable || meta.virtual) return [];
  const own = meta.props.filter((property) => ownerOf(meta, property) === meta);
  const columns = new Set(own.flatMap(({ fieldNames }) => fieldNames ?? []));
  return [{ schema: meta.schema ?? defaultSchema, name: meta.tableName, columns }];
}
