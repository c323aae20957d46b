import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import type { EntitySchema } from '@mikro-orm/core';
import { phases } from '../../../src/online-migration/phases/phases.ts';
import { ColumnMigration } from '../../../src/online-migration/mikro-orm/column-migration.ts';
import { rename } from '../../../src/online-migration/phases/rename.ts';
import {
  createOrders,
  customerChange,
  discountChange,
  mappings,
  openOrm,
  TO_CONTRACTED,
} from '../../support/changing-orders.ts';

it('keeps changes out of the snapshot file that a migration writes, and of the comparison with it', async () => {
  await using database = await createOrders();
  await using folder = await mkdtempDisposable(join(tmpdir(), 'migrations-'));
  const migrations = {
    path: folder.path,
    snapshot: true,
    snapshotName: 'snapshot',
    migrationsList: [...TO_CONTRACTED, rename].flatMap((phase) =>
      [customerChange, discountChange].map((change) => ({
        name: `${phase.name}_${change.columns[0]!.from.name}`,
        class: class extends ColumnMigration {
          override readonly change = change;
          override readonly phase = { ...phases.expand, up: phase };
        },
      })),
    ),
  };
  const snapshot = () => readFile(join(folder.path, 'snapshot.json'), 'utf8');
  const isDifferent = async (url: string, entities: EntitySchema[]) => {
    await using orm = await openOrm(url, entities, migrations);
    return await orm.migrator.checkSchema();
  };
  await using orm = await openOrm(database.url, mappings.old, migrations);
  await orm.migrator.up({ to: 'expand_discount' });
  const expanded = await snapshot();
  expect(expanded).toContain('"customer_id"');
  expect(expanded).not.toMatch(/_new|~sync|online_migration/);
  for (const phase of ['backfill', 'enforce', 'contract']) {
    await orm.migrator.up({ to: `${phase}_discount` });
    expect(await snapshot()).toBe(expanded);
    expect(await isDifferent(database.url, mappings.new)).toBe(false);
  }
  await orm.migrator.up();
  expect(await isDifferent(database.url, mappings.old)).toBe(true);
  expect(await isDifferent(database.url, mappings.renamed)).toBe(false);
  // MikroORM compares with the file, and needs no database.
  expect(await isDifferent('postgresql://nobody@127.0.0.1:1/none', mappings.renamed)).toBe(false);
});
