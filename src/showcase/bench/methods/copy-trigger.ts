import type { Connection } from '../../harness/connection.ts';
import { CONVERSION } from '../../harness/update-statements.ts';

/** The updates that fire the trigger. With `update`, the backfill's own updates fire it, too. */
type FiringUpdate = 'update of created_at' | 'update';

/** Creates a row trigger that converts the text of each written row to the new column. */
export async function createCopyTrigger(connection: Connection, update: FiringUpdate): Promise<void> {
  await connection.query(`
    create function public.copy_created_at() returns trigger language plpgsql as $$
    begin
      new.created_at_new := new.${CONVERSION};
      return new;
    end $$`);
  await connection.query(`
    create trigger copy_created_at before insert or ${update} on public.large_record
    for each row execute function public.copy_created_at()`);
}
