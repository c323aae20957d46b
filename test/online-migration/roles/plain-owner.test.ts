import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createQueueSchema } from '../../../src/online-migration/backfill/plan/queue-schema.ts';
import { readBackfillProgress } from '../../../src/online-migration/backfill/plan/progress.ts';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { namesOf } from '../../../src/online-migration/change/names.ts';
import { existingFunctions } from '../../../src/online-migration/sync/conversion-functions.ts';
import { changedColumnOf } from '../../support/changed-column.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { renameOnly, revertRenameOnly } from '../../../src/online-migration/phases/rename-only.ts';
import { PHASES, openContext } from '../../support/change-cycle.ts';
import { changeOf, renameOf } from '../../support/change-of.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createRole, type TestRole } from '../../support/roles.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const total = changeOf('orders.total', {
  schema: 'shop',
  from: 'text',
  to: 'numeric(12,2)',
  conversion: textToNumeric(12, 2),
});
const weight = changeOf('parcel.weight', {
  schema: 'depot',
  from: 'text',
  to: 'numeric(12,2)',
  conversion: textToNumeric(12, 2),
});

let resources: AsyncDisposableStack;
let url: string;
let admin: DatabaseClient;
/** The test's database, quoted. */
let databaseName: string;
let shop: TestRole;
let depot: TestRole;

beforeAll(async () => {
  resources = new AsyncDisposableStack();
  const database = resources.use(await createTestDatabase());
  url = database.url;
  databaseName = `"${database.name}"`;
  admin = resources.use(await connect(url));
  shop = resources.use(await createRole(url));
  depot = resources.use(await createRole(url));
});
afterAll(() => resources.disposeAsync());
beforeEach(async () => {
  await admin.rows(`
    drop schema if exists online_migration cascade; drop schema if exists shop cascade; drop schema if exists depot cascade;
    revoke create on database ${databaseName} from ${shop.name};
    create schema shop; create schema depot; grant usage on schema shop, depot to public;
    create table shop.orders (id bigint generated always as identity primary key, total text not null);
    create table depot.parcel (id bigint generated always as identity primary key, weight text not null);
    insert into shop.orders (total) select n || '.5' from generate_series(1, 100) as n;
    insert into depot.parcel (weight) select n || '.5' from generate_series(1, 100) as n;
    alter table shop.orders owner to ${shop.name};
    alter table depot.parcel owner to ${depot.name}`);
});

/** Carries phases out as one login. */
async function runPhases(
  login: TestRole,
  change: ColumnChange,
  phases: readonly (typeof expand)[],
): Promise<readonly string[]> {
  await using context = await openContext(login.url, change);
  for (const phase of phases) await phase(context);
  return context.lines;
}

const texts = () =>
  admin.value<string>(`select string_agg(total::text, ' ' order by id) from shop.orders where id <= 3`);

describe('a role that owns the table and has nothing else', () => {
  it('carries a change out and back, in a schema that an administrator has made for it once', async () => {
    await admin.rows(`create schema online_migration authorization ${shop.name}`);
    const before = await readSchema(admin);
    await runPhases(shop, total, PHASES.up);
    expect(await texts()).toBe('1.50 2.50 3.50');
    await runPhases(shop, total, PHASES.down);
    expect(await texts()).toBe('1.5 2.5 3.5');
    expect(await readSchema(admin)).toEqual(before);
    // It could not make the schema again.
    await runPhases(shop, total, [expand]);
  });

  it('is refused with the statement that helps, if it may not make that schema', async () => {
    await expect(runPhases(shop, total, [expand])).rejects.toThrow(
      `create schema online_migration authorization ${shop.name}`,
    );
    expect(await admin.value(`select to_regnamespace('online_migration')`)).toBeNull();
  });

  it('is refused worker processes with the statement that helps, if it may not make the schema of their queue', async () => {
    await using asShop = await connect(shop.url);
    await expect(createQueueSchema(asShop, 'shop.orders')).rejects.toMatchObject({
      code: 'QUEUE_SCHEMA_NOT_ALLOWED',
      details: {
        statement: expect.stringMatching(/^create schema \S+ authorization/),
      },
    });
  });

  it('renames a column and gives the name back, in a schema that an administrator has made for it once', async () => {
    const renaming = renameOf('orders.total', 'sum', { schema: 'shop' });
    await expect(runPhases(shop, renaming, [renameOnly])).rejects.toThrow(
      `create schema online_migration authorization ${shop.name}`,
    );
    await admin.rows(
      `create schema online_migration authorization ${shop.name}; revoke all on schema shop from public`,
    );
    await admin.rows(`grant usage on schema shop to ${shop.name}`);
    const before = await readSchema(admin);
    await runPhases(shop, renaming, [renameOnly]);
    expect(await admin.value(`select sum from shop.orders where id = 1`)).toBe('1.5');
    await runPhases(shop, renaming, [revertRenameOnly]);
    expect(await readSchema(admin)).toEqual(before);
    await expect(runPhases(depot, renaming, [renameOnly])).rejects.toMatchObject({
      code: 'SCHEMA_NOT_GRANTED',
    });
    await admin.rows(
      `grant usage on schema shop to ${depot.name}; grant select on shop.orders to ${depot.name}`,
    );
    await expect(runPhases(depot, renaming, [renameOnly])).rejects.toThrow(
      `The table belongs to ${shop.name}, and ${depot.name} may not act for that role`,
    );
  });

  it('makes and drops the schema, if it may create one in the database', async () => {
    await admin.rows(`grant create on database ${databaseName} to ${shop.name}`);
    await runPhases(shop, total, [...PHASES.up, ...PHASES.down]);
    expect(await admin.value(`select to_regnamespace('online_migration')`)).toBeNull();
  });
});

describe('logins that are members of the owning role', () => {
  it('take turns: whatever one has made, the other goes on with', async () => {
    await admin.rows(`create schema online_migration authorization ${shop.name}`);
    await using ann = await createRole(url, `in role ${shop.name}`);
    await using ben = await createRole(url, `in role ${shop.name}`);
    for (const [index, phase] of [...PHASES.up, ...PHASES.down].entries()) {
      await runPhases(index % 2 === 0 ? ann : ben, total, [phase]);
    }
    expect(await texts()).toBe('1.5 2.5 3.5');
    const left = await admin.rows(
      `select relname from pg_class where relnamespace = 'online_migration'::regnamespace`,
    );
    expect(left).toEqual([]);
  });

  it('but do not inherit its rights are told how to take that role', async () => {
    await admin.rows(`create schema online_migration authorization ${shop.name}`);
    await using ann = await createRole(url, `noinherit in role ${shop.name}`);
    const refusal = await runPhases(ann, total, [expand]).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(refusal).toContain(`${ann.name} is a member of its owner without inheriting its rights`);
    await admin.rows(/`(alter role [^`]+)`/.exec(refusal)![1]!);
    await runPhases(ann, total, [...PHASES.up, ...PHASES.down]);
    expect(await texts()).toBe('1.5 2.5 3.5');
  });

  it('and what they make belongs to that role', async () => {
    await admin.rows(`create schema online_migration authorization ${shop.name}`);
    await using ann = await createRole(url, `in role ${shop.name}`);
    await runPhases(ann, total, PHASES.up.slice(0, 3));
    expect(
      await admin.rows(`
        select pg_get_userbyid(relowner) as owner from pg_class where relnamespace = 'online_migration'::regnamespace
        union
        select pg_get_userbyid(proowner) from pg_proc where pronamespace = 'online_migration'::regnamespace`),
    ).toEqual([{ owner: shop.name }]);
  });
});

describe('tables with different owners', () => {
  it('share the state once the owner of the schema has granted it, and neither takes it away from the other', async () => {
    await admin.rows(`create schema online_migration authorization ${shop.name}`);
    await runPhases(shop, total, [expand]);
    const refusal = await runPhases(depot, weight, [expand]).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(refusal).toContain(`The schema online_migration belongs to ${shop.name}`);
    const grants = /run `([^`]+)` as/.exec(refusal)![1]!;
    await using owner = await connect(shop.url);
    await owner.rows(grants);
    await runPhases(depot, weight, PHASES.up);
    await runPhases(shop, total, PHASES.up.slice(1));
    await runPhases(depot, weight, PHASES.down);
    await runPhases(shop, total, PHASES.down);
    expect(await texts()).toBe('1.5 2.5 3.5');
    expect(
      await admin.value(`select string_agg(weight, ' ' order by id) from depot.parcel where id <= 3`),
    ).toBe('1.5 2.5 3.5');
  });

  it('are told what to do before the owner of the schema has expanded anything', async () => {
    await admin.rows(`create schema online_migration authorization ${shop.name}`);
    // The application of the other owner asks how far its change is.
    await using reader = await connect(depot.url);
    expect(await readBackfillProgress(reader, changedColumnOf(weight))).toBeNull();
    // The planner can let this run for each row, or never.
    const { functions } = namesOf(changedColumnOf(weight));
    expect(
      await reader.rows(`select from pg_proc where oid in ${existingFunctions('$1')}`, [functions]),
    ).toEqual([]);
    const refusal = await runPhases(depot, weight, [expand]).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(refusal).toContain(`The schema online_migration belongs to ${shop.name}`);
    await admin.rows(/run `([^`]+)` as/.exec(refusal)![1]!);
    await runPhases(depot, weight, [expand]);
  });

  it('are refused in every phase once the table has another owner, who has no rights', async () => {
    await admin.rows(`create schema online_migration authorization ${shop.name}`);
    await runPhases(shop, total, PHASES.up.slice(0, 2));
    await admin.rows(`alter table shop.orders owner to ${depot.name}`);
    const refusal = () =>
      runPhases(depot, total, PHASES.up.slice(2, 3)).then(
        () => '',
        (error: Error) => error.message,
      );
    const first = await refusal();
    expect(first).toMatch(/^Cannot enforce shop\.orders\.total; nothing was changed:/);
    await admin.rows(/run `([^`]+)` as/.exec(first)![1]!);
    await admin.rows(/run `([^`]+)` as/.exec(await refusal())![1]!);
    await runPhases(depot, total, PHASES.up.slice(2));
    await runPhases(depot, total, PHASES.down);
    expect(await texts()).toBe('1.5 2.5 3.5');
  });

  it('share it without a word, if the login may act for both', async () => {
    await runPhases({ ...shop, url }, total, [expand]);
    await runPhases({ ...depot, url }, weight, [expand]);
    await admin.rows(`grant usage on schema online_migration to ${depot.name}`);
    await runPhases(depot, weight, PHASES.up.slice(1));
    expect(await admin.value(`select count(*)::int from depot.parcel where weight = id + 0.5`)).toBe(100);
  });

  it('keep writes of the application right that has rights on the table alone', async () => {
    await runPhases({ ...shop, url }, total, [expand]);
    await runPhases({ ...depot, url }, weight, PHASES.up.slice(0, 3));
    await using application = await createRole(url);
    await admin.rows(`grant select, insert, update on depot.parcel to ${application.name}`);
    await using writer = await connect(application.url);
    await writer.rows(`insert into depot.parcel (weight) values ('7.25')`);
    expect(await admin.value(`select weight_new::text from depot.parcel where weight = '7.25'`)).toBe('7.25');
  });
});

describe('a role without any right on the table', () => {
  it('cannot use the functions of the change on a table of its own', async () => {
    await runPhases({ ...shop, url }, total, PHASES.up.slice(0, 3));
    await using stranger = await createRole(url);
    await admin.rows(`grant create, temp on database ${databaseName} to ${stranger.name}`);
    await using client = await connect(stranger.url);
    await client.rows(`create temp table bait (id bigint, total text, total_new numeric(12,2))`);
    for (const { name } of await admin.rows<{ name: string }>(`
      select oid::regproc::text as name from pg_proc
      where pronamespace = 'online_migration'::regnamespace and prosecdef`)) {
      await expect(
        client.rows(`create trigger hook before insert on bait for each row execute function ${name}()`),
      ).rejects.toThrow('permission denied for function');
    }
    expect.assertions(1);
  });
});
