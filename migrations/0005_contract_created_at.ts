import { createdAtChange } from '../src/large-record/created-at-change.ts';
import { OnlineMigration } from '../src/online-migration/mikro-orm/column-migration.ts';
import { contract } from '../src/online-migration/phases/contract.ts';
import { revertContract } from '../src/online-migration/phases/revert-contract.ts';

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
export class ContractCreatedAt extends OnlineMigration {
  override async up(): Promise<void> {
    await this.carryOut(contract, createdAtChange);
  }

  override async down(): Promise<void> {
    await this.carryOut(revertContract, createdAtChange);
  }
}
