import { createdAtChange } from '../src/large-record/created-at-change.ts';
import { OnlineMigration } from '../src/online-migration/mikro-orm/column-migration.ts';
import { inStrongTransaction, type MoveContext } from '../src/online-migration/phases/phase.ts';

/**
 * Create: the table as it has been for years, with a moment kept as text.
 *
 *     create table large_record (id …, name …, created_at varchar(50) not null)
 *
 * Lock: none that anyone waits for; the table is new.
 * Beside it: the API answers 503 until the table is there.
 * Undo: `migration:down` drops the table and all its rows, under ACCESS EXCLUSIVE asked for with a lock timeout.
 */
export class CreateLargeRecord extends OnlineMigration {
  override async up(): Promise<void> {
    await this.carryOut(createTable, createdAtChange);
  }

  override async down(): Promise<void> {
    await this.carryOut(dropTable, createdAtChange);
  }
}

async function createTable({ session, recordInLedger }: MoveContext): Promise<void> {
  await session.transaction(async () => {
    await session.query(`
      create table public.large_record (
        id bigint generated always as identity primary key,
        name varchar(100) not null,
        created_at varchar(50) not null
      )`);
    await recordInLedger();
  });
}

async function dropTable(context: MoveContext): Promise<void> {
  await inStrongTransaction(context, 'drop the table', {
    locked: async () => {
      await context.session.query(`drop table public.large_record`);
      await context.recordInLedger();
    },
  });
}
