import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { createdAtChange } from '../src/large-record/created-at-change.ts';

/**
 * Contract: `created_at` goes, after the proof that both columns say the same in every row.
 *
 *     select … where forward(created_at) is distinct from created_at_new     (in batches, by id)
 *     drop trigger …; alter table large_record drop column created_at; drop function …
 *
 * Lock: twice ACCESS EXCLUSIVE, catalog only, milliseconds at any size; none in between, during the proof.
 * Beside it: applications that know both columns, or only the new one. One that knows only the old column fails here.
 * Undo: `migration:down` adds the column again, fills it in batches with every string letter by letter as it was, and
 * makes it NOT NULL as 0004 does.
 */
export class ContractCreatedAt extends ColumnMigration {
  override readonly change = createdAtChange;
  override readonly phase = phases.contract;
}
