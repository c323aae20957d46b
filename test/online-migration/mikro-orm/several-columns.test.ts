import { defineConfig, MikroORM } from '@mikro-orm/postgresql';
import { expect, it } from '@jest/globals';
import { PHASE_NAMES, type PhaseName } from '../../../src/online-migration/change/phase-name.ts';
import { ColumnMigration } from '../../../src/online-migration/mikro-orm/column-migration.ts';
import { onlineMigrations } from '../../../src/online-migration/mikro-orm/online-migrations.ts';
import { phases } from '../../../src/online-migration/phases/phases.ts';
import { INVOICE_TABLES, Invoice, invoiceChange, Line } from '../../support/invoices/invoices.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const migrationOf = (name: PhaseName) =>
  class extends ColumnMigration {
    override readonly change = invoiceChange;
    override readonly phase = phases[name];
  };

const MIGRATIONS = PHASE_NAMES.map((name, index) => ({
  name: `000${index + 1}_${name}`,
  class: migrationOf(name),
}));

const ROW = `('2024-01-31T10:00:00.000Z', 3, '9.50')`;

const database = databasePerTest(
  ...INVOICE_TABLES,
  `insert into invoice (issued_at, units, "Amount ""net""") values ${ROW}`,
);
const { client } = database;

async function open(): Promise<MikroORM> {
  const orm = await MikroORM.init({
    ...defineConfig({
      clientUrl: database.url,
      entities: [Invoice, Line],
      ensureDatabase: false,
      ...onlineMigrations({ migrations: { migrationsList: MIGRATIONS } }),
    }),
    logger: () => undefined,
  });
  database.defer(() => orm.close());
  return orm;
}

const differences = ({ schema }: MikroORM) => schema.getUpdateSchemaSQL({ wrap: false });

it('phases of several columns run as migrations, without a difference to the entity at any stage', async () => {
  const orm = await open();
  const { migrator } = orm;
  expect(await differences(orm)).toBe('');
  for (const { name } of MIGRATIONS) {
    await migrator.up({ to: name });
    expect([name, await differences(orm)]).toEqual([name, '']);
  }
  expect(
    await client.rows(`select units + 3000000000 as units, "Amount ""net""" + 0.5 as amount from invoice`),
  ).toEqual([{ units: '3000000003', amount: '10.00' }]);
  await migrator.down({ to: 0 });
  expect(await differences(orm)).toBe('');
  expect(await client.value(`select (issued_at, units, "Amount ""net""")::text from invoice`)).toBe(
    '(2024-01-31T10:00:00.000Z,3,9.50)',
  );
});

it('a real difference is still seen while several columns change', async () => {
  const orm = await open();
  await orm.migrator.up({ to: '0003_enforce' });
  await client.rows(`alter table invoice drop column note`);
  expect((await differences(orm)).trim()).toBe('alter table "invoice" add "note" text null;');
});

it('a phase of several columns is logged only at its stage', async () => {
  const { migrator } = await open();
  await migrator.up({ to: '0002_backfill' });
  await expect(migrator.logMigration('0003_enforce')).rejects.toMatchObject(
    refusedWith(
      'PHASE_NOT_REACHED',
      'it is the enforce of public.invoice.issued_at,units,Amount "net", and the database is at the stage backfilled',
    ),
  );
  await expect(migrator.unlogMigration('0001_expand')).rejects.toMatchObject({ code: 'PHASE_REACHED' });
});
