import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createdAtColumn } from '../support/created-at-column.ts';
import { readStage, type Stage } from '../../../src/online-migration/observation/stage.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { openMigrator, type TestMigrator } from '../../support/migrator.ts';
import { createTestDatabase } from '../../support/test-server.ts';
import { type Catalog, readCatalog } from './catalog.ts';

const FUNCTIONS = ['backward', 'forward', 'forward in bulk', 'sync'].map(
  (role) => `public.large_record.created_at ${role}`,
);
const TRIGGERS = ['~sync_created_at_insert', '~sync_created_at_update'];
const ID = 'id bigint not null';
const NAME = 'name character varying(100) not null';
const TEXT = 'created_at character varying(50) not null';
const TIMESTAMP = 'timestamp with time zone';

const CATALOG_AT: Record<string, { stage: Stage; catalog: Catalog }> = {
  '0001': {
    stage: 'initial',
    catalog: { columns: [TEXT, ID, NAME], triggers: [], checks: [], functions: null },
  },
  '0002': {
    stage: 'expanded',
    catalog: {
      columns: [TEXT, `created_at_new ${TIMESTAMP}`, ID, NAME],
      triggers: TRIGGERS,
      checks: [],
      functions: FUNCTIONS,
    },
  },
  '0003': {
    stage: 'backfilled',
    catalog: {
      columns: [TEXT, `created_at_new ${TIMESTAMP}`, ID, NAME],
      triggers: TRIGGERS,
      checks: [],
      functions: FUNCTIONS,
    },
  },
  '0004': {
    stage: 'enforced',
    catalog: {
      columns: [TEXT, `created_at_new ${TIMESTAMP} not null`, ID, NAME],
      triggers: TRIGGERS,
      checks: [],
      functions: FUNCTIONS,
    },
  },
  '0005': {
    stage: 'contracted',
    catalog: {
      columns: [`created_at_new ${TIMESTAMP} not null`, ID, NAME],
      triggers: [],
      checks: [],
      functions: [],
    },
  },
  '0006': {
    stage: 'renamed',
    catalog: {
      columns: [`created_at ${TIMESTAMP} not null`, ID, NAME],
      triggers: [],
      checks: [],
      functions: [],
    },
  },
};

/** They must come back byte for byte. The second and the third cannot be rebuilt from a timestamp. */
const TEXTS = [
  '2024-01-01 10:00:00',
  '2024-02-29 23:59:59.500',
  '1999-12-31 00:00:00.000000',
  '0001-01-01 00:00:00',
];

const resources = new AsyncDisposableStack();
let migrator: TestMigrator;
let client: DatabaseClient;

beforeAll(async () => {
  const database = resources.use(await createTestDatabase());
  migrator = resources.use(await openMigrator(database.url));
  client = resources.use(await connect(database.url));
});
afterAll(() => resources.disposeAsync());

async function expectCatalogAt(migration: string): Promise<void> {
  const { stage, catalog } = CATALOG_AT[migration]!;
  expect(await readCatalog(client)).toEqual(catalog);
  expect(await readStage(client, createdAtColumn)).toBe(stage);
  const numbers = Object.keys(CATALOG_AT);
  expect(await migrator.applied()).toEqual(numbers.slice(0, numbers.indexOf(migration) + 1));
}

describe('each migration', () => {
  it('0001 creates the table, drops it, and creates it again', async () => {
    await migrator.go('0001');
    await expectCatalogAt('0001');
    await migrator.orm.migrator.down({ to: 0 });
    expect((await readCatalog(client)).columns).toEqual([]);
    await migrator.go('0001');
    await expectCatalogAt('0001');
    await client.rows(`insert into large_record (name, created_at) select 'r', unnest($1::text[])`, [TEXTS]);
  });

  it.each([
    ['0002', '0001'],
    ['0003', '0002'],
    ['0004', '0003'],
    ['0005', '0004'],
    ['0006', '0005'],
  ])('%s goes up, down to %s, and up again', async (migration, before) => {
    await migrator.go(migration);
    await expectCatalogAt(migration);
    await migrator.go(before);
    await expectCatalogAt(before);
    await migrator.go(migration);
    await expectCatalogAt(migration);
  });

  it('restores every string byte for byte, and removes all objects of the package', async () => {
    await migrator.go('0006');
    expect(await client.rows(`select created_at from large_record where created_at is null`)).toEqual([]);
    await migrator.go('0001');
    await expectCatalogAt('0001');
    const rows = await client.rows<{ created_at: string }>(`select created_at from large_record order by id`);
    expect(rows.map((row) => row.created_at)).toEqual(TEXTS);
  });

  it('leaves a schema at the end that MikroORM finds equal to the mapping', async () => {
    await migrator.go('0006');
    expect(await migrator.orm.migrator.checkSchema()).toBe(false);
  });
});
