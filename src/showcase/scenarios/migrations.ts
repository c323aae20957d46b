import { Migration } from '@mikro-orm/migrations';

/** A migration that collects statements with `addSql`. */
export function collecting(statements: readonly string[]): new (...given: never[]) => Migration {
  return class extends Migration {
    override up(): void {
      for (const statement of statements) this.addSql(statement);
    }
  };
}
