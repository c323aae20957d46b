import { Migration } from '@mikro-orm/migrations';
import { openOrdinaryProject } from '../ordinary-project.ts';

/** Runs the statements of `STATEMENTS` as one ordinary migration on `DATABASE_URL`, in a process that a test can kill. */
const statements = JSON.parse(process.env['STATEMENTS']!) as string[];

class Given extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement);
  }
}

await using migrator = await openOrdinaryProject({ url: process.env['DATABASE_URL']! }, { '0001': Given });
console.log('begins');
await migrator.orm.migrator.up();
console.log('done');
