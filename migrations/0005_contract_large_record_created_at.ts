import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { largeRecordCreatedAtChange } from '../src/large-record/created-at-change.ts';

/**
 * Contract: verifies that both columns are equal in every row, then drops `created_at`.
 *
 *     select … where forward(created_at) is distinct from created_at_new     (in batches, by id)
 *     drop trigger …; alter table large_record drop column created_at; drop function …
 *
 * Lock: ACCESS EXCLUSIVE twice, for milliseconds at any table size (catalog changes only). No table lock in between, during
 * the verification.
 * Compatible application versions: those that know both columns. Stop a version that knows only `created_at` before: a read
 * with `select *` would return rows without it instead of failing. It waits for processes that announce that they use it.
 * Undo: `migration:down` adds the column again, and fills it in batches with exactly the same values.
 * NOT NULL comes back as enforce sets it.
 */
export class ContractLargeRecordCreatedAt extends ColumnMigration {
  override readonly change = largeRecordCreatedAtChange;
  override readonly phase = phases.contract;
}
