import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { createdAtChange } from '../src/large-record/created-at-change.ts';

/**
 * Enforce: `created_at_new` is NOT NULL, and a write through either column reaches the other.
 *
 *     alter table large_record add constraint … check (created_at_new is not null) not valid
 *     alter table large_record validate constraint …
 *     alter table large_record alter column created_at_new set not null     (the check proves it: no scan)
 *     create trigger … before update of a changed created_at or created_at_new
 *
 * Lock: twice ACCESS EXCLUSIVE, catalog only, milliseconds at any size; in between SHARE UPDATE EXCLUSIVE while the
 * check reads the table, which reads and writes don't feel.
 * Beside it: applications that know the old column, and those that know both. The latter switch over to the new column
 * as soon as it is enforced.
 * Refused while a row has a value that is no moment; the error names the rows.
 * Undo: `migration:down` drops NOT NULL in ONE transaction; applications go back to the old column.
 */
export class EnforceCreatedAtNew extends ColumnMigration {
  override readonly change = createdAtChange;
  override readonly phase = phases.enforce;
}
