import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { openMigrator } from '../../support/migrator.ts';

// A process that migrates and that a test can kill at any timestamp. Says `ready`; for each migration's number that it
// reads it goes there, and says `began`, then `done` and how long that took, in milliseconds.

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
// Everything is loaded and connected beforehand, so that the moves are timed without it.
await migrator.applied();
const migrations = join(import.meta.dirname, '../../../migrations');
for await (const file of glob(join(migrations, '*.ts'))) await import(pathToFileURL(file).href);
console.log('ready');

for await (const to of createInterface(process.stdin)) {
  await migrator.go(to);
  console.log(`done ${performance.now() - began}`);
}
