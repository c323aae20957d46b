import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { openMigrator } from '../../support/migrator.ts';

// A migrating process that a test can kill at any time. Prints `ready`. For each migration number that it reads, it
// migrates there and prints `began`, then `done` and the duration in milliseconds.

const databaseUrl = process.env['DATABASE_URL'];
if (!databaseUrl)
  throw new Error('DATABASE_URL is not set: start this process through killable-migrator.ts.');

await using migrator = await openMigrator(databaseUrl);
let began = 0;
const sayBegan = () => {
  began = performance.now();
  console.log('began');
};
migrator.orm.migrator.on('migrating', sayBegan).on('reverting', sayBegan);
// Load and connect first, so that the durations contain only the phases.
await migrator.applied();
const migrations = join(import.meta.dirname, '../../../migrations');
for await (const file of glob(join(migrations, '*.ts'))) await import(pathToFileURL(file).href);
console.log('ready');

for await (const to of createInterface(process.stdin)) {
  await migrator.go(to);
  console.log(`done ${performance.now() - began}`);
}
