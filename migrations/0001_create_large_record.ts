import { Migration } from '@mikro-orm/migrations';

/**
 * Create: makes the table, with a timestamp stored as text.
 *
 *     create table large_record (id …, name …, created_at varchar(50) not null)
 *
 * Lock: none on existing tables.
 * Compatible application versions: all. The API answers 503 until the table exists.
 * Undo: `migration:down` drops the table and all its rows, under ACCESS EXCLUSIVE with a lock timeout of 100 ms.
 */
export class CreateLargeRecord extends Migration {
  override up(): void {
    this.addSql(`
      create table public.large_record (
        id bigint generated always as identity primary key,
        name varchar(100) not null,
        created_at varchar(50) not null
      )`);
  }

  override down(): void {
    this.addSql(`set local lock_timeout = '100ms'`);
    this.addSql(`drop table public.large_record`);
  }
}
