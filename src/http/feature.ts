import type { Router } from '@koa/router';
import type { EntityManager, EntitySchema } from '@mikro-orm/postgresql';
import type { ColumnChange, ColumnFollower, ReadReplica } from 'online-migration';
import type { DocumentedRoutes } from './openapi/operation.ts';

/** A database server, as the routes of a feature use it. */
export interface FeatureDatabase {
  /** Of the ORM that has the entities of all features. */
  readonly em: EntityManager;
  /** The follower of a change that the feature declares: every unit of work on that table runs in it. */
  follower(change: ColumnChange): ColumnFollower;
}

/** A replica, to which reads may go. */
export interface FeatureReplica extends FeatureDatabase {
  /** Decides for each read of the table of a change whether the replica serves it. */
  reads(change: ColumnChange): ReadReplica;
}

/** A part of the application: its tables, and its routes. */
export interface Feature {
  /** The column changes of its tables that the application follows. */
  readonly changes: readonly ColumnChange[];
  /** What requests are served with: of a table that changes, the mappings of all three schema versions. */
  readonly entities: readonly EntitySchema[];
  /** What the tables are when all migrations have run: of a table that changes, the mapping of the last schema version. */
  readonly migratedEntities: readonly EntitySchema[];
  /** Its routes in the OpenAPI document. */
  readonly documentation: DocumentedRoutes;
  /**
   * Adds its routes.
   *
   * @param router receives them
   * @param primary the server that takes writes
   * @param replica another server, for reads
   */
  addRoutes(router: Router, primary: FeatureDatabase, replica: FeatureReplica | undefined): void;
}
