import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { largeRecordCreatedAtChange } from '../src/large-record/created-at-change.ts';

/**
 * Rename: renames `created_at_new` to `created_at`.
 *
 *     alter table large_record rename column created_at_new to created_at
 *
 * Lock: ACCESS EXCLUSIVE for milliseconds at any table size (catalog changes only).
 * Compatible application versions: those that know both names. If a query fails because of the rename, they run it again
 * with the other name.
 * Undo: `migration:down` restores the name `created_at_new` in one transaction.
 */
export class RenameLargeRecordCreatedAt extends ColumnMigration {
  override readonly change = largeRecordCreatedAtChange;
  override readonly phase = phases.rename;
}
