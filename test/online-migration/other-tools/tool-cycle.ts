import { expect } from '@jest/globals';
import { textToNumeric } from '../../../src/online-migration/conversions/index.ts';
import { type ColumnChange, type PhaseName, runPhase } from '../../../src/online-migration/index.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createTestDatabase } from '../../support/test-server.ts';
import { openToolProject, readBlocks, type ToolProject } from './tool-project.ts';

/** A whole change up and down, a type check, and the start of a process, on a busy machine. */
export const LIMIT_MS = 180_000;

/** Requests that are served in each stage. */
const REQUESTS = 30;

const PHASES: readonly PhaseName[] = ['expand', 'backfill', 'enforce', 'contract', 'rename'];
/** The active column after each of the phases, on the way up and on the way back. */
const COLUMNS_UP = ['total', 'total', 'total_new', 'total_new', 'total'];
const COLUMNS_DOWN = ['total_new', 'total_new', 'total', 'total', 'total'];

const TYPE = `
  select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'orders'::regclass and attname = 'total'`;

/** A migration of the tool's own. */
export interface Migration {
  /** Its name; names are in the order of the migrations. */
  readonly name: string;
  readonly sql: string;
}

/** The differences between the tools. */
export interface Tool {
  /** The file of docs/other-tools.md that follows the active column. */
  readonly file: string;
  /** The table in which the tool records its migrations. */
  readonly ledger: string;
  /** Runs those of these migrations that have not run, by the migrator of the tool. */
  readonly migrate: (url: string, migrations: readonly Migration[]) => Promise<void>;
  /** Looks at the database while both columns exist. */
  readonly lookAtBoth?: (url: string, project: ToolProject) => Promise<void>;
}

/** The migrations of a project: its table, one during the change, and the one after rename that the page shows. */
async function readMigrations(): Promise<[Migration, Migration, Migration]> {
  const [toNumeric] = await readBlocks('sql');
  return [
    {
      name: '1_create_orders',
      sql: `create table orders (id bigint generated always as identity primary key, total text not null)`,
    },
    { name: '2_add_note', sql: `alter table orders add column note text` },
    { name: '3_total_to_numeric', sql: toNumeric! },
  ];
}

const change: ColumnChange = {
  table: { schema: 'public', name: 'orders' },
  key: 'id',
  columns: [
    {
      from: { name: 'total', type: 'text' },
      to: { name: 'total_new', type: 'numeric(12,2)' },
      conversion: textToNumeric(12, 2),
    },
  ],
};

/** The totals as text, by id. */
async function readTotals(client: DatabaseClient): Promise<Map<string, string>> {
  const rows = await client.rows<{ id: string; total: string }>(`select id, total::text from orders`);
  return new Map(rows.map(({ id, total }) => [id, total]));
}

/**
 * Carries the change of docs/other-tools.md out and back, while a process writes and reads through the tool, and the tool's
 * own migrations run between the phases.
 */
export async function expectWholeCycle({ file, ledger, migrate, lookAtBoth }: Tool): Promise<void> {
  const [createOrders, addNote, toNumeric] = await readMigrations();
  await using project = await openToolProject();
  expect(await project.compile(file, 'online-migration.config.ts')).toBe('');

  await using database = await createTestDatabase();
  const { url } = database;
  await using client = await connect(url);
  await migrate(url, [createOrders]);
  await client.rows(`insert into orders (total) select n || '.50' from generate_series(1, 500) as n`);
  const before = await readTotals(client);

  await using load = project.startLoad(file, url);
  const served = async (column: string) => {
    await load.servedOn(column, REQUESTS);
    expect(load.failures).toEqual([]);
  };
  await served('total');
  for (const [index, phase] of PHASES.entries()) {
    await runPhase(change, phase, 'up', { connection: url });
    await served(COLUMNS_UP[index]!);
    if (phase === 'enforce') {
      await migrate(url, [createOrders, addNote]);
      await lookAtBoth?.(url, project);
      await served('total_new');
    }
  }
  const filenode = await client.value(`select pg_relation_filenode('orders')`);
  await migrate(url, [createOrders, addNote, toNumeric]);
  expect(await client.value(`select pg_relation_filenode('orders')`)).toBe(filenode);
  expect(await client.value(TYPE)).toBe('numeric(12,2)');
  expect(await client.value(`select count(*)::int from online_migration.phase`)).toBe(PHASES.length);
  await served('total');

  for (const [index, phase] of PHASES.toReversed().entries()) {
    await runPhase(change, phase, 'down', { connection: url });
    await served(COLUMNS_DOWN[index]!);
  }
  const acknowledged = await load.stop();
  expect(load.failures).toEqual([]);
  expect(await readTotals(client)).toEqual(new Map([...before, ...acknowledged]));
  expect(await client.value(TYPE)).toBe('text');
  expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
  expect(await client.value(`select count(*)::int from ${ledger}`)).toBe(3);

  await using fresh = await createTestDatabase();
  await using freshClient = await connect(fresh.url);
  await migrate(fresh.url, [createOrders, addNote, toNumeric]);
  expect(await freshClient.value(TYPE)).toBe('numeric(12,2)');
}
