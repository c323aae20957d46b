import { Migration } from '@mikro-orm/migrations';
import { OnlineMigration } from 'online-migration/mikro-orm';

/** A migration class. */
export type MigrationClass = new (...given: never[]) => Migration;

/** A migration that collects statements with `addSql`. */
export function collecting(statements: readonly string[]): MigrationClass {
  return class extends Migration {
    override up(): void {
      for (const statement of statements) this.addSql(statement);
    }
  };
}

/** A required column whose default differs from row to row: the rows get their values in batches. */
export class AddToken extends OnlineMigration {
  override async up(): Promise<void> {
    this.addSql(`alter table "large_record" add "token" uuid null;`);
    this.addSql(`alter table "large_record" alter column "token" set default gen_random_uuid();`);
    await this.fill({
      table: 'large_record',
      set: { token: 'gen_random_uuid()' },
      where: 'token is null',
    });
    this.addSql(`alter table "large_record" alter column "token" set not null;`);
  }
}

/** Values of a column from another one, in batches. */
export class FillInitials extends OnlineMigration {
  override async up(): Promise<void> {
    await this.fill({
      table: 'large_record',
      set: { initial: 'left(name, 1)' },
      where: 'initial is null',
    });
  }
}
