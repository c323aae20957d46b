/*
 * The API of the package:
 *
 *     const change: ColumnChange = { table, key, columns: [{ from, to, conversion }] };   // declare
 *     await preflight(change, { connection });                                            // check
 *     await runPhase(change, 'expand', 'up', { connection });                             // change
 *     const follower = await followColumn({ change, pool, connection, log });             // follow
 *     await follower.run((active) => pool.query(`select ${active.name} …`));
 *     await readStatus(pool, change);                                                     // watch
 *
 * `online-migration/mikro-orm` has the parts for MikroORM, `online-migration/conversions` the conversions.
 */
import './change/require-node.ts';

export type { BackfillProgress } from './backfill/plan/progress.ts';
export type { Column, ColumnChange, ColumnPair, Conversion } from './change/column-change.ts';
export type { ErrorCode } from './change/error-codes.ts';
export type { BackfillFinished, OnlineMigrationEvent, OnlineMigrationListener } from './change/events.ts';
export type { Obstacle } from './change/obstacle.ts';
export type { ObstacleCode } from './change/obstacle-codes.ts';
export { nameOf } from './change/names.ts';
export { OnlineMigrationError } from './change/online-migration-error.ts';
export { type OnlineMigrationConfig } from './cli/project/config-file.ts';
export { type ActiveColumn, ColumnNotEnforcedError } from './follow/active-column.ts';
export { type ColumnFollower, followColumn, type FollowOptions, poolName } from './follow/follow-column.ts';
export { declareSchema, type DeclareSchemaOptions } from './follow/schema-presence.ts';
export { ReadReplica } from './follow/read-replica.ts';
export { openObserver, type Observer } from './observation/observer.ts';
export { type Overview, readOverview } from './observation/overview.ts';
export { type Stage, STAGES } from './observation/stage.ts';
export { readStatus, type Status } from './observation/status.ts';
export type { PhaseName } from './change/phase-name.ts';
export { type Phase, phases } from './phases/phases.ts';
export { runPhase, type RunPhaseOptions } from './phases/run-phase.ts';
export type { SettingsOptions } from './phases/settings.ts';
export {
  describeDatabaseError,
  isConnectionLost,
  isTransient,
  mayHaveBeenDone,
} from './postgres/database-error.ts';
export type { Queryable } from './postgres/queryable.ts';
export { preflight, type PreflightOptions, type PreflightResult } from './verify/preflight.ts';
