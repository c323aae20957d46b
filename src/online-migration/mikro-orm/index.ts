import '../change/require-node.ts';

export { columnOf } from './follow/column-of.ts';
export type { FollowedChange } from './follow/followed-change.ts';
export { type FollowedOrm, followedOrm, type FollowedOrmOptions } from './follow/followed-orm.ts';
export type { UnfollowedStatement } from './unfollowed/statement-watch.ts';
export { ColumnMigration } from './column-migration.ts';
export type { TableFill } from '../ordinary/fill/table-fill.ts';
export { OnlineMigration } from './online-migration.ts';
export { onlineMigrations, type OnlineMigrationsOptions } from './online-migrations.ts';
export { OnlineMigrator, type OnlineMigratorOptions } from './online-migrator.ts';
export { OnlineSchemaGenerator } from './comparison/online-schema-generator.ts';
export { TypedColumn } from './typed-column.ts';
