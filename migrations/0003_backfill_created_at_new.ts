import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { createdAtChange } from '../src/large-record/created-at-change.ts';

/**
 * Backfill: `created_at_new` of every row that is older than the sync trigger, in batches that aim at 100 ms.
 *
 *     update large_record set created_at_new = forward(created_at)
 *     where ctid >= '(…,0)' and ctid < '(…,0)' and created_at_new is null
 *
 * Lock: ROW EXCLUSIVE on the table and the row locks of one batch; reads never wait, a write as long as a batch. While a
 * range is filled also SHARE UPDATE EXCLUSIVE, which keeps autovacuum away, and goes as soon as someone waits for the table.
 * Beside it: every version of the application. All go on reading and writing `created_at`.
 * Interrupted, by Ctrl-C or worse: `migration:up` goes on where it stopped.
 * Undo: nothing to undo; `migration:down` forgets how far it was.
 */
export class BackfillCreatedAtNew extends ColumnMigration {
  override readonly change = createdAtChange;
  override readonly phase = phases.backfill;
}
