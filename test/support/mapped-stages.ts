import { expect } from '@jest/globals';
import { defineConfig, type EntityManager, type EntitySchema, MikroORM, wrap } from '@mikro-orm/postgresql';
import { Pool } from 'pg';
import { changedColumnOf } from '../../src/online-migration/change/changed-column.ts';
import { ActiveColumnFollower } from '../../src/online-migration/follow/active-column-follower.ts';
import type { ActiveColumn } from '../../src/online-migration/follow/active-column.ts';
import { backfill } from '../../src/online-migration/phases/backfill.ts';
import { contract } from '../../src/online-migration/phases/contract.ts';
import { enforce } from '../../src/online-migration/phases/enforce.ts';
import { expand } from '../../src/online-migration/phases/expand.ts';
import { rename } from '../../src/online-migration/phases/rename.ts';
import { poolNameOf } from '../../src/online-migration/follow/presence.ts';
import { type ChangeCase, openContext } from './change-cycle.ts';
import { connect } from './database-client.ts';
import { createTestDatabase } from './test-server.ts';

/**
 * Runs a change. After each phase, reads a row through the mapping of the active column, deletes it, inserts it again,
 * and expects the same values.
 *
 * @param mappings as `new` writes them; all three are registered with one ORM, as in the application
 */
export async function expectMappedStages(
  { change: declared, setup }: Pick<ChangeCase, 'change' | 'setup'>,
  mappings: Readonly<Record<ActiveColumn['form'], EntitySchema>>,
): Promise<void> {
  const change = changedColumnOf(declared);
  await using database = await createTestDatabase();
  await using client = await connect(database.url);
  for (const statement of setup) await client.rows(statement);
  await using resources = new AsyncDisposableStack();
  const context = resources.use(await openContext(database.url, declared));
  const pool = new Pool({ connectionString: database.url, max: 1 });
  resources.defer(() => pool.end());
  const orm = await MikroORM.init(
    defineConfig({
      clientUrl: database.url,
      entities: Object.values(mappings),
      discovery: { checkDuplicateTableNames: false },
      ensureDatabase: false,
      // The unchanged columns outside the key are null in the test's table.
      validateRequired: false,
      driverOptions: { connectionString: database.url, application_name: poolNameOf(change) },
    }),
  );
  resources.defer(() => orm.close());

  const forms: string[] = [];
  for (const phase of [expand, backfill, enforce, contract, rename]) {
    await phase(context);
    const { form } = await new ActiveColumnFollower(change, pool).refresh();
    forms.push(form);
    await expectRewritten(orm.em.fork(), mappings[form]);
  }
  expect(forms).toEqual(['old', 'old', 'new', 'new', 'renamed']);
}

async function expectRewritten(em: EntityManager, mapping: EntitySchema): Promise<void> {
  const [row] = await em.find(mapping, {}, { limit: 1 });
  const { props } = em.getMetadata().get(mapping.meta.class);
  const isNumbered = new Set(
    props.filter(({ autoincrement, generated }) => autoincrement || generated).map(({ name }) => name),
  );
  const written = Object.fromEntries(Object.entries(row).filter(([name]) => !isNumbered.has(name)));
  await em.remove(row).flush();
  const added = em.create(mapping, written);
  await em.flush();
  expect(await em.fork().findOneOrFail(mapping, wrap(added, true).getPrimaryKey())).toMatchObject(written);
}
