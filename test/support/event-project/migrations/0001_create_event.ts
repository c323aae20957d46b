import { Migration } from '@mikro-orm/migrations';

export class CreateEvent extends Migration {
  override up(): void {
    this.addSql(`
      create table public.event (
        id bigint generated always as identity primary key,
        name varchar(100) not null,
        at varchar(50) not null
      )`);
  }

  override down(): void {
    this.addSql(`drop table public.event`);
  }
}
