import { MikroORM, defineConfig, SchemaGenerator } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type FollowedOrm,
  followedOrm,
} from '../../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import type { UnfollowedStatement } from '../../../../src/online-migration/mikro-orm/unfollowed/statement-watch.ts';
import { openContext, PHASES } from '../../../support/change-cycle.ts';
import { connect } from '../../../support/database-client.ts';
import { decorators } from '../../../support/shop/mappings/decorators.ts';
import { jsonObjects } from '../../../support/shop/mappings/json-objects.ts';
import { polymorphic } from '../../../support/shop/mappings/polymorphic.ts';
import { tablePerType } from '../../../support/shop/mappings/table-per-type.ts';
import type { UnitRunner } from '../../../support/shop/operations.ts';
import { createTestDatabase } from '../../../support/test-server.ts';

const MAPPINGS = [...decorators, ...tablePerType, ...polymorphic, ...jsonObjects];

const STAGES = [
  { stage: 'enforced', phases: PHASES.up.slice(0, 3) },
  { stage: 'contracted', phases: PHASES.up.slice(3, 4) },
  { stage: 'renamed', phases: PHASES.up.slice(4) },
  { stage: 'initial, reverted', phases: PHASES.down },
];

const optionsOf = (url: string, entities: (typeof MAPPINGS)[number]['entities']) =>
  defineConfig({ clientUrl: url, entities, ensureDatabase: false });

describe.each(MAPPINGS)('$name', ({ entities, tables, changes, exercise }) => {
  const resources = new AsyncDisposableStack();
  const unfollowed: UnfollowedStatement[] = [];
  let url: string;
  let orm: FollowedOrm;

  beforeAll(async () => {
    ({ url } = resources.use(await createTestDatabase()));
    await using client = await connect(url);
    for (const table of tables) await client.rows(table);
    orm = resources.use(
      await followedOrm(optionsOf(url, entities), {
        changes,
        connection: url,
        log: () => undefined,
        onUnfollowedStatement: (found) => unfollowed.push(found),
      }),
    );
  });
  afterAll(() => resources.disposeAsync());

  it('works with plain MikroORM, on the tables after the changes', async () => {
    await using database = await createTestDatabase();
    await using plain = await MikroORM.init({
      ...optionsOf(database.url, entities),
      extensions: [SchemaGenerator],
    });
    await plain.schema.create();
    const runner: UnitRunner = { em: plain.em, run: (work) => work(plain.em.fork()) };
    await expect(exercise(runner)).resolves.toBeUndefined();
  });

  it('works before the changes', async () => {
    await expect(exercise(orm)).resolves.toBeUndefined();
  });

  it.each(STAGES)('works at the stage $stage', async ({ phases }) => {
    for (const { change } of changes) {
      await using context = await openContext(url, change);
      for (const phase of phases) await phase(context);
    }
    await exercise(orm);
    expect(unfollowed).toEqual([]);
  });
});
