import { defineEntity, p } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { defineConfig } from '@mikro-orm/postgresql';
import { expect, it } from '@jest/globals';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { ColumnMigration } from '../../../src/online-migration/mikro-orm/column-migration.ts';
import { onlineMigrations } from '../../../src/online-migration/mikro-orm/online-migrations.ts';
import { runPhaseMigrations } from '../../../src/online-migration/mikro-orm/phase-migrations.ts';
import { type Phase, phases } from '../../../src/online-migration/phases/phases.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const changeOfColumn = (column: string) =>
  changeOf(`orders.${column}`, { from: 'text', to: 'numeric(12,2)', conversion: textToNumeric(12, 2) });
const total = changeOfColumn('total');
const tax = changeOfColumn('tax');

const database = databasePerFile(
  `create table orders (id bigint primary key, total text not null, tax text not null)`,
);
const { client } = database;

function migrationOf(declared: typeof total, declaredPhase: Phase) {
  return class extends ColumnMigration {
    override readonly change = declared;
    override readonly phase = declaredPhase;
  };
}

class AddNote extends Migration {
  override up() {
    this.addSql(`alter table orders add column note text`);
  }
}

const order = defineEntity({ name: 'Order', tableName: 'orders', properties: { id: p.bigint().primary() } });

const config = () =>
  defineConfig({
    clientUrl: database.url,
    entities: [order],
    logger: () => undefined,
    ensureDatabase: false,
    ...onlineMigrations({
      migrations: {
        migrationsList: [
          { name: '0001_expand_total', class: migrationOf(total, phases.expand) },
          { name: '0002_note', class: AddNote },
          { name: '0003_expand_tax', class: migrationOf(tax, phases.expand) },
          { name: '0004_backfill_total', class: migrationOf(total, phases.backfill) },
        ],
      },
    }),
  });
const { signal } = new AbortController();

const applied = async () =>
  (await client.rows(`select name from mikro_orm_migrations order by id`)).map(({ name }) => name);

it('refuses to run the phases of another change on the way', async () => {
  await runPhaseMigrations(config, total, ['expand'], 'up', signal);
  await expect(runPhaseMigrations(config, total, ['backfill'], 'up', signal)).rejects.toMatchObject(
    refusedWith(
      'OTHER_PHASES_PENDING',
      /pending before 0004_backfill_total: 0003_expand_tax\. Run them first/,
    ),
  );
  expect(await applied()).toEqual(['0001_expand_total']);
  await runPhaseMigrations(config, tax, ['expand'], 'up', signal);
  await runPhaseMigrations(config, total, ['backfill'], 'up', signal);
  expect(await applied()).toEqual([
    '0001_expand_total',
    '0002_note',
    '0003_expand_tax',
    '0004_backfill_total',
  ]);
});

it('ends at the signal of its caller', async () => {
  const stop = new AbortController();
  await runPhaseMigrations(config, total, ['expand'], 'up', signal);
  stop.abort(new Error('stopped'));
  await expect(runPhaseMigrations(config, tax, ['expand'], 'up', stop.signal)).rejects.toThrow('stopped');
  expect(await applied()).toEqual(['0001_expand_total']);
});
