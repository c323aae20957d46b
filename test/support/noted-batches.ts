import type { DatabaseClient } from './database-client.ts';

/** A committed batch of a backfill. */
export interface NotedBatch {
  /** The first stripe of its pass. */
  readonly stripe: number;
  readonly rows: number;
}

/** Notes each batch from now on, by its checkpoint. Expand must have run. */
export async function noteBatches(client: DatabaseClient): Promise<void> {
  await client.rows(`create table batch (number serial, stripe int, rows int)`);
  await client.rows(`
    create function note_batch() returns trigger language plpgsql as $$
    begin
      insert into batch (stripe, rows) values (old.stripe, new.rows_filled - old.rows_filled);
      return null;
    end $$`);
  await client.rows(
    `create trigger note_batch after update of rows_filled on online_migration.backfill_range
    for each row execute function note_batch()`,
  );
}

/** The noted batches, in their order. */
export function notedBatches(client: DatabaseClient): Promise<NotedBatch[]> {
  return client.rows<NotedBatch>(`select stripe, rows from batch order by number`);
}
