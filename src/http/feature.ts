import type { Router } from '@koa/router';
import type { EntityManager, EntitySchema } from '@mikro-orm/postgresql';
import type { ColumnChange, ColumnFollower, ReadReplica } from 'online-migration';
import type { DocumentedRoutes } from './openapi/operation.ts';

/** A database server for the routes of a feature. */
export interface FeatureDatabase {
  /** An entity manager of the ORM with the entities of all features. */
  readonly em: EntityManager;
  /** The follower of a change that the feature declares. Run every unit of work on its table in the follower. */
  follower(change: ColumnChange): ColumnFollower;
}

/** A replica for reads. */
export interface FeatureReplica extends FeatureDatabase {
  /** Decides for each read of the change's table whether the replica serves it. */
  reads(change: ColumnChange): ReadReplica;
}

/** A part of the application: its tables and routes. */
export interface Feature {
  /** The column changes of its tables that the application follows. */
  readonly changes: readonly ColumnChange[];
  /** The entities for requests. For a changing table: the mappings of all three schema versions. */
  readonly entities: readonly EntitySchema[];
  /** The entities after all migrations. For a changing table: the mapping of the last schema version. */
  readonly migratedEntities: readonly EntitySchema[];
  /** The OpenAPI documentation of its routes. */
  readonly documentation: DocumentedRoutes;
  /**
   * Adds its routes.
   *
   * @param router receives the routes
   * @param primary the server that accepts writes
   * @param replica another server for reads
   */
  addRoutes(router: Router, primary: FeatureDatabase, replica: FeatureReplica | undefined): void;
}
