import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The statements of a pgroll that changes the column at once. */
export const PGROLL_STATEMENTS = {
  start: `alter table large_record add column _pgroll_new_created_at timestamptz;
    update large_record set id = id, _pgroll_new_created_at = created_at::timestamp at time zone 'UTC'`,
  complete: `alter table large_record drop column created_at;
    alter table large_record rename column _pgroll_new_created_at to created_at`,
  rollback: `alter table large_record drop column _pgroll_new_created_at`,
};

/**
 * Writes an executable that behaves as pgroll does: it reads the URL of the database from its environment, records its
 * arguments, and runs SQL.
 */
export async function writePgroll(
  folder: string,
  statements: Readonly<Record<string, string>> = PGROLL_STATEMENTS,
): Promise<string> {
  const file = join(folder, 'pgroll');
  const pg = join(import.meta.dirname, '../../../node_modules/pg/esm/index.mjs');
  await writeFile(
    file,
    `#!${process.execPath}
import { appendFileSync, readFileSync } from 'node:fs';
import pg from ${JSON.stringify(pg)};
const words = process.argv.slice(2);
if (words[0] === '--version') {
  console.log('pgroll version test');
  process.exit(0);
}
if (words[0] === 'baseline' && words[1] === '--help') {
  console.log('Usage:\\n  pgroll baseline <version> <target directory> [flags]');
  process.exit(0);
}
const migration = words[0] === 'start' ? readFileSync(words[1], 'utf8') : '';
appendFileSync(${JSON.stringify(join(folder, 'calls'))}, JSON.stringify([...words, migration]) + '\\n');
const sql = ${JSON.stringify(statements)}[words[0]];
if (sql === 'fail') {
  console.error('Failed to start migration');
  process.exit(1);
}
const client = new pg.Client({ connectionString: process.env.PGROLL_PG_URL });
await client.connect();
if (sql !== undefined) await client.query(sql);
await client.end();
`,
  );
  await chmod(file, 0o755);
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  return file;
}
