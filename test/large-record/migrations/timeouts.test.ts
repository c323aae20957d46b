import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createMigratedDatabase, openMigrator } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';

interface Statement {
  query: string;
  lock_timeout: string;
  statement_timeout: string;
}

const resources = new AsyncDisposableStack();
let client: DatabaseClient;
let statements: Statement[];

beforeAll(async () => {
  const database = resources.use(await createMigratedDatabase('0001'));
  client = resources.use(await connect(database.url));
  await insertRows(client, 1_000);
  await client.rows(`create table public.statement (query text, lock_timeout text, statement_timeout text)`);
  await client.rows(`
    create function public.note_timeouts() returns event_trigger language plpgsql as $$
    begin
      insert into public.statement
      values (current_query(), current_setting('lock_timeout'), current_setting('statement_timeout'));
    end $$`);
  await client.rows(`create event trigger note on ddl_command_end execute function public.note_timeouts()`);
  await using migrator = await openMigrator(database.url, { lockTimeoutMs: 70 });
  await migrator.go('0006');
  await migrator.go('0001');
  statements = await client.rows<Statement>(`select * from statement where query ~ 'large_record'`);
});
afterAll(() => resources.disposeAsync());

const isValidation = ({ query }: Statement) => query.includes('validate constraint');

describe('every statement that changes the table', () => {
  it('has a lock timeout and a statement timeout', () => {
    const strong = statements.filter((statement) => !isValidation(statement));
    expect(strong.length).toBeGreaterThan(15);
    // Concurrently with reads and writes, the configured timeout. Under the lock, while all sessions wait, a shorter
    // one.
    expect(strong.filter(({ lock_timeout }) => !['70ms', '20ms'].includes(lock_timeout))).toEqual([]);
    expect(strong.filter(({ statement_timeout }) => statement_timeout === '0')).toEqual([]);
  });

  it('except the validation, which reads the whole table without blocking, has no timeout', () => {
    const validations = statements.filter(isValidation);
    expect(validations.map(({ statement_timeout }) => statement_timeout)).toEqual(['0', '0']);
  });
});
