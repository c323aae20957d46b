import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { startNode } from '../../support/command-line.ts';
import { connect } from '../../support/database-client.ts';
import { RULE_CASES, tables } from '../../support/ordinary-rules/cases.ts';
import { readSchema, type SchemaSnapshot } from '../../support/schema-snapshot.ts';
import { SEED, seededRandom } from '../../support/seeded-random.ts';
import { createTestDatabase } from '../../support/test-server.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const ROWS = 200_000;
const KILLS_PER_RULE = 6;
/** A run that ends before it is killed is counted, and so is one that another has finished. */
const TRIES_PER_RULE = 12;
const LIMIT_MS = 120_000;
const SCRIPT = join(import.meta.dirname, '../../support/ordinary-rules/run-migration.ts');
const LEDGER = 'mikro_orm_migrations';

const database = databasePerFile(...tables(ROWS));
const random = seededRandom(SEED);
let kills = 0;
let killsInside = 0;

function start(statements: readonly string[]) {
  return startNode([SCRIPT], { DATABASE_URL: database.url, STATEMENTS: JSON.stringify(statements) });
}

/** Makes the tables anew. */
async function reset(): Promise<void> {
  await database.client.rows(`
    drop schema if exists online_migration cascade; drop table orders, customers, visits, ${LEDGER}; drop table if exists visits_new`);
  for (const statement of tables(ROWS)) await database.client.rows(statement);
}

/** How long a whole run takes, in milliseconds. */
async function durationOf(statements: readonly string[]): Promise<number> {
  const command = start(statements);
  await command.printed(/begins/);
  const began = performance.now();
  await command.printed(/done/);
  const lastsMs = performance.now() - began;
  expect(await command.exitCode).toBe(0);
  await reset();
  return lastsMs;
}

/** The catalog after the statements as they are written, without the ledger. */
async function schemaAsWritten(statements: readonly string[]): Promise<SchemaSnapshot> {
  await using other = await createTestDatabase();
  await using client = await connect(other.url);
  for (const statement of [...tables(10), ...statements]) await client.rows(statement);
  return await readSchema(client);
}

const readOwn = async () => {
  await database.client.rows(`drop table if exists ${LEDGER}`);
  return readSchema(database.client);
};

/** Every row, as a number: it does not change by a kill. */
const readRows = () =>
  database.client.value(
    `select count(*) || ' ' || sum(total) || ' ' || (select count(*) from visits_new) || ' ' || (select count(*) from visits_old) from orders`,
  );

describe('a migration that is killed at random moments is finished by the same command:', () => {
  it.each(RULE_CASES)(
    '%s',
    async (_rule, statements) => {
      const expected = await schemaAsWritten(statements);
      const rows = await readRows();
      const lastsMs = await durationOf(statements);
      for (let tries = 0, killed = 0; tries < TRIES_PER_RULE && killed < KILLS_PER_RULE; tries++) {
        const command = start(statements);
        await command.printed(/begins/);
        await delay(random() * lastsMs);
        command.process.kill('SIGKILL');
        await command.exitCode;
        if (command.output().includes('done')) {
          await reset();
          continue;
        }
        killed++;
        kills++;
        if (await hasBegun()) killsInside++;
      }
      const last = start(statements);
      expect({ exitCode: await last.exitCode, output: last.output() }).toMatchObject({ exitCode: 0 });
      expect(await database.client.rows(`select name from ${LEDGER}`)).toEqual([{ name: '0001' }]);
      expect(await readOwn()).toEqual(expected);
      expect(await readRows()).toBe(rows);
      expect(await database.client.rows(`select indexrelid from pg_index where not indisvalid`)).toEqual([]);
    },
    LIMIT_MS,
  );

  afterAll(() => console.log(`${kills} kills, ${killsInside} of them between two steps`));

  it('at least forty times', () => {
    expect(kills).toBeGreaterThanOrEqual(40);
    expect(killsInside).toBeGreaterThan(10);
  });
});

const hasBegun = () =>
  database.client.value(`select to_regclass('online_migration.ordinary_migration') is not null`);
