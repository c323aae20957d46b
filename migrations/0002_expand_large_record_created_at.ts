import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { largeRecordCreatedAtChange } from '../src/large-record/created-at-change.ts';

/**
 * Expand: adds `created_at_new timestamptz` and a sync trigger that fills it on every write, in one transaction.
 *
 *     create function … forward, backward, sync
 *     alter table large_record add column created_at_new timestamptz
 *     create trigger … before insert, before update of a changed created_at
 *
 * Lock: ACCESS EXCLUSIVE for milliseconds at any table size (catalog changes only), with a lock timeout of 100 ms.
 * Compatible application versions: all. They keep reading and writing `created_at`.
 * Undo: `migration:down` drops the trigger, the functions and the column in one transaction, under the same lock.
 */
export class ExpandLargeRecordCreatedAt extends ColumnMigration {
  override readonly change = largeRecordCreatedAtChange;
  override readonly phase = phases.expand;
}
