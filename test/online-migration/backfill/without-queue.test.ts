import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hasQueue } from '../../../src/online-migration/backfill/plan/queue-schema.ts';
import type { RunningCommand } from '../../support/command-line.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { startMikroOrm } from '../../support/event-project/commands.ts';
import { createMigratedDatabase } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';

const FORBIDDING_IMPORT = pathToFileURL(join(import.meta.dirname, '../../support/forbidding-import.ts')).href;

let resources: AsyncDisposableStack;
let url: string;
let client: DatabaseClient;
beforeEach(async () => {
  resources = new AsyncDisposableStack();
  ({ url } = resources.use(await createMigratedDatabase('0002')));
  client = resources.use(await connect(url));
  await insertEvents(client, 20_000);
  await client.rows(`update event set at_new = null`);
  // Whoever creates a table, a type or a schema meanwhile leaves a trace; a phase replaces the functions of its change.
  await client.rows(`create table created (object text)`);
  await client.rows(`
    create function note() returns event_trigger language plpgsql as $$
    begin
      insert into created select object_identity from pg_event_trigger_ddl_commands()
      where command_tag ~ '^CREATE' and object_type <> 'function';
    end $$`);
  await client.rows(`create event trigger note on ddl_command_end execute function note()`);
});
afterEach(() => resources.disposeAsync());

function backfillWithoutPgBoss(workers: string): RunningCommand {
  return startMikroOrm(url, ['migration:up', '--to', '0003'], {
    BACKFILL_WORKERS: workers,
    NODE_OPTIONS: `--import ${FORBIDDING_IMPORT}`,
    FORBIDDEN_PACKAGE: 'pg-boss',
  });
}

describe('where the import of pg-boss is an error', () => {
  it('a process that does the work itself does not notice, and makes no queue', async () => {
    expect(await backfillWithoutPgBoss('2').exitCode).toBe(0);
    expect(await client.value(`select count(*)::int from event where at_new is null`)).toBe(0);
    expect(await client.rows(`select object from created`)).toEqual([]);
  });

  it('a process that hands the work out does', async () => {
    const handingOut = backfillWithoutPgBoss('0');
    expect(await handingOut.exitCode).toBe(1);
    expect(handingOut.output()).toContain('pg-boss was to be loaded by');
    expect(await hasQueue(client)).toBe(false);
  });
});
