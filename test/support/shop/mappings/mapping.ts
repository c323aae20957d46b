import type { Options } from '@mikro-orm/postgresql';
import type { FollowedChange } from '../../../../src/online-migration/mikro-orm/follow/followed-change.ts';
import type { UnitRunner } from '../operations.ts';

/** A way to map tables, with changes of them. */
export interface Mapping {
  readonly name: string;
  readonly entities: NonNullable<Options['entities']>;
  /** The tables before the changes. */
  readonly tables: readonly string[];
  readonly changes: readonly FollowedChange[];
  /** Writes, reads and filters through the ORM, and checks the results. */
  readonly exercise: (orm: UnitRunner) => Promise<void>;
}
