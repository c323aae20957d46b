import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { createdAtChange } from '../src/large-record/created-at-change.ts';

/**
 * Expand: `created_at_new timestamptz` beside `created_at`, kept equal by a sync trigger, in ONE transaction.
 *
 *     create function … forward, backward, sync
 *     alter table large_record add column created_at_new timestamptz
 *     create trigger … before insert, before update of a changed created_at
 *
 * Lock: ACCESS EXCLUSIVE, catalog only, milliseconds at any size; asked for with a lock timeout of 100 ms.
 * Beside it: every version of the application. All go on reading and writing `created_at`.
 * Undo: `migration:down` drops the trigger, the functions and the column, in ONE transaction under the same lock.
 */
export class ExpandCreatedAtNew extends ColumnMigration {
  override readonly change = createdAtChange;
  override readonly phase = phases.expand;
}
