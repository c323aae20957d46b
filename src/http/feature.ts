import type { Router } from '@koa/router';
import type { Options } from '@mikro-orm/postgresql';
import type { ColumnChange, ReadReplica } from 'online-migration';
import type { FollowedChange, FollowedOrm } from 'online-migration/mikro-orm';
import type { DocumentedRoutes } from './openapi/operation.ts';

/** A replica for reads. */
export interface FeatureReplica {
  readonly orm: FollowedOrm;
  /** Decides for each read of the change's table whether the replica serves it. */
  reads(change: ColumnChange): ReadReplica;
}

/** The routes of a feature. A module that exports both is one. */
export interface FeatureRoutes {
  /** The OpenAPI documentation of the routes. */
  readonly documentation: DocumentedRoutes;
  /**
   * Adds the routes.
   *
   * @param router receives the routes
   * @param orm of the server that accepts writes, with the entities of all features. Run every unit of work in `orm.run`
   * @param replica another server for reads
   */
  addRoutes(router: Router, orm: FollowedOrm, replica: FeatureReplica | undefined): void;
}

/** A part of the application: its tables and routes. */
export interface Feature {
  /** The column changes of its tables that the application follows, each with the types of its property. */
  readonly changes: readonly FollowedChange[];
  /** Its entities, as the tables are after all migrations. */
  readonly entities: NonNullable<Options['entities']>;
  /** Loads its routes. Only the API does; a migration needs the tables alone. */
  readonly loadRoutes?: () => Promise<FeatureRoutes>;
}
