import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readBackfillProgress } from '../../../src/online-migration/backfill/plan/progress.ts';
import { RowKey } from '../../../src/online-migration/change/row-key.ts';
import { changedColumnOf } from '../../support/changed-column.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { rename, revertRename } from '../../../src/online-migration/phases/rename.ts';
import { readLockHolds } from '../../../src/online-migration/state/lock-holds.ts';
import { readRecordedChanges } from '../../../src/online-migration/state/recorded-changes.ts';
import { readRecordedPhases } from '../../../src/online-migration/state/phase-ledger.ts';
import { openContext } from '../../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { openMigrator } from '../../support/event-project/migrator.ts';
import type { Emit } from '../../../src/online-migration/change/events.ts';
import { createRole, type TestRole } from '../../support/roles.ts';
import {
  changeOfTotal,
  createEarlierDatabase,
  type EarlierDatabase,
  originalTexts,
  type Phase,
  phasesLeft,
  TABLES,
} from './earlier-database.ts';

const half = changeOfTotal('half_filled');

let database: EarlierDatabase;
let admin: DatabaseClient;
beforeEach(async () => {
  database = await createEarlierDatabase();
  ({ admin } = database);
});
afterEach(async () => database[Symbol.asyncDispose]());

/** Carries phases out as the owner of the tables, or as another login. */
async function runPhases(
  table: string,
  phases: readonly Phase[],
  login?: TestRole,
): Promise<readonly string[]> {
  await using context = await openContext((login ?? database.owner).url, changeOfTotal(table));
  for (const phase of phases) await phase(context);
  return context.lines;
}

/** The steps that are recorded; null if none are. */
const steps = async () =>
  (await admin.value(`select to_regclass('online_migration.step')`)) === null
    ? null
    : admin.value<number[]>(`select array_agg(number order by number) from online_migration.step`);

const column = (table: string, name: string) =>
  admin.value<string[]>(`select array_agg(${name}::text order by id) from shop.${table}`);

/** The columns of the tables that the status, the metrics, worker processes and the triggers use. */
const columnsInUse = () =>
  admin.rows(`
    select attrelid::regclass::text as table, attname, atttypid::regtype::text as type, attnotnull, atthasdef
    from pg_attribute
    where attnum > 0 and attrelid::regclass::text = any (array['online_migration.backfill',
      'online_migration.backfill_range', 'online_migration.lock_hold', 'online_migration.reject', 'online_migration.kept_value'])
    order by 1, attnum`);

describe('a change that an earlier version of the package began', () => {
  it.each(TABLES)('goes on up and down from $table', async ({ table, rows, phases }) => {
    const { up, down } = phasesLeft(phases);
    const texts = originalTexts(rows);
    await runPhases(table, up);
    expect(await column(table, 'total')).toEqual(texts.map((text) => Number(text).toFixed(2)));
    await runPhases(table, down);
    expect(await column(table, 'total')).toEqual(texts);
    expect(await steps()).toEqual([1, 2, 3, 4, 5, 6]);
    const left = await readRecordedChanges(admin);
    expect(left.map(({ name }) => name)).toEqual(
      ['public.event.at', ...TABLES.map((other) => `shop.${other.table}.total`)]
        .filter((name) => name !== `shop.${table}.total`)
        .toSorted(),
    );
  });

  it('goes up and down through MikroORM, also if two runners start at the same moment', async () => {
    const texts = await admin.value(`select string_agg(at, ' ' order by id) from event`);
    await using one = await openMigrator(database.owner.url);
    await using other = await openMigrator(database.owner.url);
    await Promise.all([one.go('0006'), other.go('0006')]);
    expect(await one.applied()).toEqual(['0001', '0002', '0003', '0004', '0005', '0006']);
    expect(await steps()).toEqual([1, 2, 3, 4, 5, 6]);
    await one.go('0001');
    expect(await admin.value(`select string_agg(at, ' ' order by id) from event`)).toBe(texts);
  });

  it('goes on from a version that kept no records and no lock times', async () => {
    await admin.rows(`drop table online_migration.change, online_migration.lock_hold`);
    await runPhases('half_filled', phasesLeft(1).up);
    expect(await readRecordedChanges(admin)).toMatchObject([{ name: 'shop.half_filled.total' }]);
    await runPhases('half_filled', phasesLeft(1).down);
    expect(await column('half_filled', 'total')).toEqual(originalTexts(20));
  });
});

describe('the tables of an earlier version', () => {
  it('stay as they are in a phase that writes none of them', async () => {
    await runPhases('contracted', [rename, revertRename]);
    expect(await steps()).toBeNull();
    expect(await column('contracted', 'total_new')).toEqual(['1.50', '2.50', '3.50', '4.50', '5.00']);
  });

  it('come up to this version in the next phase that writes, with the columns of all changes', async () => {
    const earlier = await readRecordedChanges(admin);
    await runPhases('half_filled', [backfill]);
    expect(await steps()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await readRecordedChanges(admin)).toEqual(earlier);
    expect(earlier).toHaveLength(7);
    expect(earlier.find(({ name }) => name === 'shop.enforced.total')).toEqual({
      name: 'shop.enforced.total',
      schema: 'shop',
      table: 'enforced',
      ledger: 'mikro-orm',
      columns: [
        {
          oldColumn: 'total',
          newColumn: 'total_new',
          oldType: 'text',
          newType: 'numeric(12,2)',
          hasInterimName: true,
        },
      ],
    });
    expect(
      await admin.value(`
        select array_agg(attname::text order by attname) from pg_attribute
        where attrelid = 'online_migration.change'::regclass and attnum > 0 and not attisdropped`),
    ).toEqual([
      'expanded_at',
      'has_kept_values',
      'key_columns',
      'key_numbers',
      'ledger',
      'name',
      'sync_version',
      'table_name',
      'table_oid',
      'table_schema',
    ]);
  });

  it('keep the columns that processes of the earlier version read and write while they serve', async () => {
    const before = await columnsInUse();
    expect(before.length).toBeGreaterThan(30);
    await runPhases('half_filled', [backfill]);
    expect(await columnsInUse()).toEqual(before);
  });

  it('keep a value under a long key, which is recorded in a shorter form from then on', async () => {
    const key = 'a'.repeat(5_000);
    await admin.rows(`insert into online_migration.kept_value values ('shop.half_filled.total', $1, '1.5')`, [
      key,
    ]);
    await runPhases('half_filled', [backfill]);
    expect(
      await admin.value(
        `select raw_value from online_migration.kept_value k join (values ($1)) as row (id) on ${new RowKey(['id']).text('row')} = k.key`,
        [key],
      ),
    ).toBe('1.5');
  });

  it('get new tables of the same owner, which everyone may read', async () => {
    await runPhases('half_filled', [backfill]);
    const tables = await admin.rows(`
      select relname as name, pg_get_userbyid(relowner) as owner, has_table_privilege('public', oid, 'select') as open
      from pg_class where relnamespace = 'online_migration'::regnamespace and relkind = 'r' order by relname`);
    const { name: owner } = database.owner;
    expect(tables).toEqual(
      [
        'backfill',
        'backfill_range',
        'change',
        'change_column',
        'definition',
        'kept_value',
        'lock_hold',
        'phase',
        'reject',
        'step',
        'unvalidated',
      ].map((name) => ({ name, owner, open: !['definition', 'kept_value', 'reject'].includes(name) })),
    );
  });

  it('cannot be dropped by the earlier version any more, which would leave the new ones behind', async () => {
    await runPhases('half_filled', [backfill]);
    await expect(
      admin.rows(`
        drop table online_migration.change, online_migration.backfill, online_migration.backfill_range,
          online_migration.reject, online_migration.kept_value, online_migration.lock_hold`),
    ).rejects.toThrow('other objects depend on');
  });

  it('come up to this version when a reader lets go of them, who is named meanwhile', async () => {
    await using reader = await connect(database.url, 'a dump');
    await reader.rows(`begin; select from online_migration.change`);
    await using context = await openContext(database.owner.url, half);
    const told = new Promise<string>((resolve) => {
      const emit: Emit = (event) => void (event.type === 'lock-retry' && resolve(event.message));
      Object.assign(context, { emit });
    });
    const running = backfill(context);
    expect(await Promise.race([told, running])).toMatch(
      /^upgrade of the package's tables: no lock on online_migration\.change .*a dump/,
    );
    expect(await steps()).toBeNull();
    await reader.rows(`commit`);
    await running;
    expect(await steps()).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('other roles', () => {
  it('that may do nothing but log in read the progress and the changes, before and after', async () => {
    await using role = await createRole(database.url);
    await using reader = await connect(role.url);
    const read = async () => ({
      progress: await readBackfillProgress(reader, changedColumnOf(half)),
      holds: (await readLockHolds(reader, changedColumnOf(half))).map(({ purpose }) => purpose),
      changes: (await readRecordedChanges(reader)).length,
      phases: await readRecordedPhases(reader, changedColumnOf(half)),
    });
    expect(await read()).toMatchObject({
      progress: { rowsDone: 2, finished: false },
      holds: ['expand'],
      changes: 7,
      phases: [],
    });
    await runPhases('half_filled', [backfill]);
    expect(await read()).toMatchObject({
      progress: { rowsDone: expect.any(Number), finished: true },
      holds: expect.arrayContaining(['expand']),
      changes: 7,
      phases: [],
    });
  });

  it('compare the entities with the database without the change under way, before and after', async () => {
    await using role = await createRole(database.url);
    await admin.rows(`grant select on event to ${role.name}`);
    await using comparing = await openMigrator(role.url);
    const difference = () => comparing.orm.schema.getUpdateSchemaSQL({ wrap: false });
    expect(await difference()).toBe('');
    await using migrator = await openMigrator(database.owner.url);
    await migrator.go('0003');
    expect(await steps()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await difference()).toBe('');
  });

  it('that own another table keep their rights, and do not bring the tables up themselves', async () => {
    await using depot = await createRole(database.url);
    await admin.rows(`
      alter table shop.expanded owner to ${depot.name};
      grant usage on schema shop to ${depot.name};
      alter function online_migration."shop.expanded.total forward" owner to ${depot.name};
      alter function online_migration."shop.expanded.total backward" owner to ${depot.name};
      alter function online_migration."shop.expanded.total sync" owner to ${depot.name};
      grant usage, create on schema online_migration to ${depot.name};
      grant select, insert, update, delete on all tables in schema online_migration to ${depot.name}`);
    await expect(runPhases('expanded', [backfill], depot)).rejects.toThrow(
      `The schema online_migration belongs to ${database.owner.name}, and an earlier version of the package made its tables: ` +
        `run the command once as ${database.owner.name} or as an administrator.`,
    );
    expect(await steps()).toBeNull();
    await runPhases('half_filled', [backfill]);
    await runPhases('expanded', [...phasesLeft(1).up, ...phasesLeft(1).down], depot);
    expect(await column('expanded', 'total')).toEqual(originalTexts(5));
  });
});
