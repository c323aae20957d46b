import { type CacheAdapter, MemoryCacheAdapter } from '@mikro-orm/core';
import type { Options } from '@mikro-orm/postgresql';

/** A cached result with the version whose values it has. */
interface CachedResult {
  readonly version: string;
  readonly data: unknown;
}

/** MikroORM's default, in milliseconds. */
const EXPIRATION_MS = 1_000;

/** The inputs of a version's cache. */
interface VersionCacheOptions {
  /** Returns the application's own cache, which processes may share. A function, because MikroORM copies objects. */
  readonly shared: () => CacheAdapter;
  /** Names the version. */
  readonly version: string;
}

/**
 * The result cache of a schema version. A query builder caches the database's values, and another version would convert them by its
 * own types, so each version reads only its own results. All versions use one key, so clearing it clears it for all.
 */
export class VersionResultCache implements CacheAdapter {
  readonly #shared: CacheAdapter;
  readonly #version: string;

  constructor({ shared, version }: VersionCacheOptions) {
    this.#shared = shared();
    this.#version = version;
  }

  async get<T>(name: string): Promise<T | undefined> {
    const cached = (await this.#shared.get(keyOf(name))) as CachedResult | undefined;
    return cached?.version === this.#version ? (cached.data as T) : undefined;
  }

  async set(name: string, data: unknown, origin: string, expiration?: number): Promise<void> {
    const cached: CachedResult = { version: this.#version, data };
    await this.#shared.set(keyOf(name), cached, origin, expiration);
  }

  async remove(name: string): Promise<void> {
    await this.#shared.remove(keyOf(name));
    // A process that does not follow may share the cache.
    await this.#shared.remove(name);
  }

  async clear(): Promise<void> {
    await this.#shared.clear();
  }

  async close(): Promise<void> {
    await this.#shared.close?.();
  }
}

/** The application's own cache. */
export function sharedCache({ resultCache = {} }: Options): CacheAdapter {
  const { adapter: Adapter = MemoryCacheAdapter, expiration = EXPIRATION_MS, options } = resultCache;
  return new Adapter({ expiration, ...options });
}

/**
 * MikroORM's options with the cache of a version.
 * @param version names it
 */
export function withVersionCache(options: Options, shared: CacheAdapter, version: string): Options {
  const cache: VersionCacheOptions = { shared: () => shared, version };
  return {
    ...options,
    resultCache: { ...options.resultCache, adapter: VersionResultCache, options: { ...cache } },
  };
}

/** Apart from the results of plain MikroORM. */
function keyOf(name: string): string {
  return `${name}|followed`;
}
