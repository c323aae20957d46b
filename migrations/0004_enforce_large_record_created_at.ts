import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { largeRecordCreatedAtChange } from '../src/large-record/created-at-change.ts';

/**
 * Enforce: sets `created_at_new` NOT NULL and makes it the active column.
 *
 *     create index concurrently …, for each index that created_at is in; the foreign keys likewise
 *     alter table large_record add constraint … check (created_at_new is not null) not valid
 *     alter table large_record validate constraint …
 *     alter table large_record alter column created_at_new set not null     (the check proves it: no scan)
 *     create trigger … before update of a changed created_at or created_at_new
 *
 * Lock: ACCESS EXCLUSIVE twice, for milliseconds at any table size (catalog changes only). In between, SHARE UPDATE
 * EXCLUSIVE while indexes are built and the check reads the table; it does not block reads or writes.
 * Compatible application versions: those that use `created_at`, and those that know both columns. The latter switch to
 * the new column as soon as it is enforced.
 * It fails if a row has a value that does not convert; the error names the rows.
 * Undo: `migration:down` drops NOT NULL in one transaction; applications return to the old column.
 */
export class EnforceLargeRecordCreatedAt extends ColumnMigration {
  override readonly change = largeRecordCreatedAtChange;
  override readonly phase = phases.enforce;
}
