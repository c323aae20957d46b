import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { createdAtChange } from '../src/large-record/created-at-change.ts';

/**
 * Contract: verifies that both columns are equal in every row, then drops `created_at`.
 *
 *     select … where forward(created_at) is distinct from created_at_new     (in batches, by id)
 *     drop trigger …; alter table large_record drop column created_at; drop function …
 *
 * Lock: ACCESS EXCLUSIVE twice, for milliseconds at any table size (catalog changes only). No table lock in between, during
 * the verification.
 * Compatible application versions: those that know both columns. Stop a version that knows only the old column before:
 * a read with `select *` would return records without the timestamp instead of failing.
 * Undo: `migration:down` adds the column again, fills it in batches with the byte-identical old strings, and makes it
 * NOT NULL as 0004 does.
 */
export class ContractCreatedAt extends ColumnMigration {
  override readonly change = createdAtChange;
  override readonly phase = phases.contract;
}
