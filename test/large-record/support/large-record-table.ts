import { Client } from 'pg';
import type { Stage } from '../../../src/online-migration/observation/stage.ts';
import { openMigrator } from '../../support/migrator.ts';
import { createTestDatabase } from '../../support/test-server.ts';

/** The schema version of the table. */
export type TableForm = 'old' | 'new' | 'renamed';

/** The columns after `id` and `name`. In `new`, the trigger of a real table would fill the old column. */
const COLUMNS: Readonly<Record<TableForm, string>> = {
  old: 'created_at varchar(50) not null',
  new: 'created_at varchar(50), created_at_new timestamptz not null',
  renamed: 'created_at timestamptz not null',
};

/** A database that contains only the table `large_record`. */
export interface LargeRecordTable extends AsyncDisposable {
  readonly url: string;
  /** A connection to it. */
  readonly client: Client;
  /** The active column. */
  readonly column: string;
  /** Inserts a record directly; returns its id. */
  store(name: string, createdAt: string): Promise<string>;
  /** The active column's value as PostgreSQL's text in a UTC session. */
  stored(id: string): Promise<string>;
}

/** The active column and the stage after each migration. */
export const AFTER_MIGRATION = {
  '0001': { stage: 'initial', column: 'created_at', form: 'old' },
  '0002': { stage: 'expanded', column: 'created_at', form: 'old' },
  '0003': { stage: 'backfilled', column: 'created_at', form: 'old' },
  '0004': { stage: 'enforced', column: 'created_at_new', form: 'new' },
  '0005': { stage: 'contracted', column: 'created_at_new', form: 'new' },
  '0006': { stage: 'renamed', column: 'created_at', form: 'renamed' },
} as const satisfies Record<string, { stage: Stage; column: string; form: TableForm }>;

/** Creates the table in one schema version by hand, without the package. */
export async function createLargeRecordTable(form: TableForm): Promise<LargeRecordTable> {
  return createTable(form === 'new' ? 'created_at_new' : 'created_at', ({ client }) =>
    client.query(`
      create table large_record (
        id bigint generated always as identity primary key,
        name varchar(100) not null,
        ${COLUMNS[form]}
      )`),
  );
}

/** Creates the table by the real migrations, up to one of them. */
export async function createLargeRecordTableAfter(
  migration: keyof typeof AFTER_MIGRATION,
): Promise<LargeRecordTable> {
  return createTable(AFTER_MIGRATION[migration].column, async ({ url }) => {
    await using migrator = await openMigrator(url);
    await migrator.go(migration);
  });
}

/** The database's TimeZone and DateStyle change every timestamp whose parsing depends on them. */
async function createTable(
  column: string,
  build: (database: { url: string; client: Client }) => Promise<unknown>,
): Promise<LargeRecordTable> {
  await using resources = new AsyncDisposableStack();
  const database = resources.use(await createTestDatabase());
  const client = new Client({ connectionString: database.url });
  await client.connect();
  resources.defer(() => client.end());
  await client.query(`
    alter database ${database.name} set timezone = 'Asia/Kathmandu';
    alter database ${database.name} set datestyle = 'German, DMY';
    set timezone = 'UTC'`);
  await build({ url: database.url, client });
  const owned = resources.move();
  return {
    url: database.url,
    client,
    column,
    async store(name, createdAt) {
      const { rows } = await client.query<{ id: string }>(
        `insert into large_record (name, ${column}) values ($1, $2) returning id`,
        [name, createdAt],
      );
      return rows[0]!.id;
    },
    async stored(id) {
      const { rows } = await client.query<{ value: string }>(
        `select ${column}::text as value from large_record where id = $1`,
        [id],
      );
      return rows[0]!.value;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
