import { phases } from 'online-migration';
import { ColumnMigration } from 'online-migration/mikro-orm';
import { largeRecordCreatedAtChange } from '../src/large-record/created-at-change.ts';

/**
 * Backfill: fills `created_at_new` of the rows that are older than the sync trigger, in batches of about 75 ms.
 *
 *     update large_record set created_at_new = forward(created_at)
 *     where ctid >= '(…,0)' and ctid < '(…,0)' and created_at_new is null
 *
 * Lock: ROW EXCLUSIVE on the table and the row locks of one batch. Reads never wait; a write waits at most for one batch.
 * While it fills a range, it also holds SHARE UPDATE EXCLUSIVE to keep autovacuum away. It releases that lock as soon as
 * another session waits for the table.
 * Compatible application versions: all. They keep reading and writing `created_at`.
 * If interrupted, `migration:up` resumes from the last batch.
 * Undo: nothing to undo; `migration:down` deletes the saved progress.
 */
export class BackfillLargeRecordCreatedAt extends ColumnMigration {
  override readonly change = largeRecordCreatedAtChange;
  override readonly phase = phases.backfill;
}
