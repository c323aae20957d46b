import {
  type Configuration,
  type EntityMetadata,
  type MikroORM,
  RequestContext,
  WrappedEntity,
} from '@mikro-orm/core';

/*
 * MikroORM writes properties of an ORM on the prototypes of its entities, and the ORM that is opened last overwrites those of the
 * others. Here the prototype asks which ORM an entity belongs to:
 *
 * 1. an entity that an EntityManager holds: the ORM of that EntityManager;
 * 2. a new one: the ORM of the EntityManager that the context holds;
 * 3. without a context: the first ORM.
 */

/** The parts of an ORM that an entity uses. */
interface EntityState {
  readonly config: Configuration;
  readonly platform: unknown;
  readonly factory: unknown;
  readonly hydrator: unknown;
  readonly comparator: Record<string, (meta: EntityMetadata) => (entity: object) => unknown>;
  readonly metaOf: (entity: unknown) => EntityMetadata;
}

const states = new WeakMap<Configuration, EntityState>();

/**
 * Shares the prototypes of entities between ORMs. Call it after each ORM that is opened.
 * @param orms of one application, with the same entities and the same `contextName`; the first serves entities without a
 *   context
 */
export function sharePrototypes(orms: readonly MikroORM[]): void {
  const [first] = orms;
  if (first === undefined) return;
  for (const orm of orms) if (!states.has(orm.config)) states.set(orm.config, stateOf(orm));
  const contextName = first.config.get('contextName');
  const stateFor = (entity: object): EntityState => {
    const config =
      (isWrapped(entity) ? entity.__helper.__em?.config : undefined) ??
      RequestContext.getEntityManager(contextName)?.config;
    return (config && states.get(config)) ?? states.get(first.config)!;
  };
  for (const meta of first.getMetadata()) sharePrototype(meta, stateFor);
}

function sharePrototype(meta: EntityMetadata, stateFor: (entity: object) => EntityState): void {
  const { class: entityClass, prototype } = meta;
  if (!prototype) return;
  const metaOf = oncePerOrm(({ metaOf: find }) => find(entityClass));
  const key = (getter: string) => {
    const reader = oncePerOrm((state) => state.comparator[getter]!(metaOf(state)));
    return (entity: object) => reader(stateFor(entity))(entity);
  };
  const keys =
    meta.embeddable || meta.virtual
      ? []
      : ['getPkGetter', 'getPkSerializer', 'getPkGetterConverted'].map(key);
  const property = (read: (state: EntityState) => unknown) => ({
    get(this: object) {
      return read(stateFor(this));
    },
    configurable: true,
  });
  Object.defineProperties(prototype, {
    __meta: property(metaOf),
    __config: property(({ config }) => config),
    __platform: property(({ platform }) => platform),
    __factory: property(({ factory }) => factory),
    __helper: {
      get(this: object) {
        const { hydrator } = stateFor(this);
        const value = new WrappedEntity(
          this as never,
          hydrator as never,
          ...(keys as unknown as [never, never, never]),
        );
        Object.defineProperty(this, '__helper', { value, configurable: true });
        return value;
      },
      configurable: true,
    },
  });
}

/** An entity whose state MikroORM has made; before that, only its prototype has `__helper`. */
function isWrapped(
  entity: object,
): entity is { readonly __helper: { readonly __em?: { readonly config: Configuration } } } {
  return Object.hasOwn(entity, '__helper');
}

/** These run several times for each row. */
function oncePerOrm<T>(read: (state: EntityState) => T): (state: EntityState) => T {
  const known = new WeakMap<EntityState, T>();
  return (state) => {
    const found = known.get(state);
    if (found !== undefined) return found;
    const value = read(state);
    known.set(state, value);
    return value;
  };
}

function stateOf(orm: MikroORM): EntityState {
  // A version can be opened within a request, whose context holds the EntityManager of another one.
  const em = orm.em.fork({ disableContextResolution: true });
  return {
    config: orm.config,
    platform: em.getPlatform(),
    factory: em.getEntityFactory(),
    hydrator: em.getHydrator(),
    comparator: em.getComparator() as unknown as EntityState['comparator'],
    metaOf: (entityClass) => orm.getMetadata().find(entityClass as never)!,
  };
}
