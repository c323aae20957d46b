import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { createdAtChange } from '../src/large-record/created-at-change.ts';

/**
 * Rename: `created_at_new` takes the name `created_at`.
 *
 *     alter table large_record rename column created_at_new to created_at
 *
 * Lock: ACCESS EXCLUSIVE, catalog only, milliseconds at any size.
 * Beside it: applications that know both names; a query that meets the rename is run again under the other name.
 * Undo: `migration:down` gives the interim name back in ONE transaction.
 */
export class RenameCreatedAtNew extends ColumnMigration {
  override readonly change = createdAtChange;
  override readonly phase = phases.rename;
}
