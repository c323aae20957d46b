import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type ActiveColumn,
  ColumnNotEnforcedError,
} from '../../../src/online-migration/follow/active-column.ts';
import { ActiveColumnFollower } from '../../../src/online-migration/follow/active-column-follower.ts';
import { pollActiveColumn } from '../../../src/online-migration/follow/active-column-poll.ts';
import type { Queryable } from '../../../src/online-migration/postgres/queryable.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventColumn } from '../../support/event-change.ts';
import { createMigratedDatabase, openMigrator } from '../../support/event-project/migrator.ts';
import { refusedWith } from '../../support/refused-with.ts';
import type { TestMigrator } from '../../support/test-migrator.ts';

type Active = Pick<ActiveColumn, 'form' | 'name'>;
const OLD: Active = { form: 'old', name: 'at' };
const NEW: Active = { form: 'new', name: 'at_new' };
const RENAMED: Active = { form: 'renamed', name: 'at' };

let resources: AsyncDisposableStack;
let client: DatabaseClient;
let migrator: TestMigrator;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  const { url } = resources.use(await createMigratedDatabase('0001'));
  client = resources.use(await connect(url));
  migrator = resources.use(await openMigrator(url));
});
afterEach(() => resources.disposeAsync());

/** Counts the queries on their way to the database. */
function counting(database: Queryable) {
  const queries = new EventEmitter();
  const counted = {
    queries: 0,
    /** Resolves when there were so many. */
    async asked(times: number) {
      while (counted.queries < times) await once(queries, 'query');
    },
    query<Row>(text: string, values?: unknown[]) {
      counted.queries += 1;
      queries.emit('query');
      return database.query<Row>(text, values);
    },
  };
  return counted;
}

it('follows by the poll alone', async () => {
  const follower = new ActiveColumnFollower(eventColumn, client);
  expect(await follower.current()).toEqual(OLD);
  using _poll = pollActiveColumn(follower, 10);
  const switched = once(follower, 'switched');
  await migrator.go('0004');
  expect(await switched).toEqual([NEW]);
  expect(await follower.current()).toEqual(NEW);
});

it('follows by a unit of work that fails, alone', async () => {
  const follower = new ActiveColumnFollower(eventColumn, client);
  await follower.current();
  await migrator.go('0005');
  const used = await follower.run(async ({ name }) => {
    await client.rows(`select ${name} from event`);
    return name;
  });
  expect(used).toBe('at_new');
});

it('runs a failed unit of work on a reading that began after the failure', async () => {
  const follower = new ActiveColumnFollower(eventColumn, client);
  const used: string[] = [];
  await follower.run(async ({ name }) => {
    used.push(name);
    if (used.length === 1) {
      // This one still finds the old column, while the unit of work waits.
      await follower.refresh();
      await migrator.go('0005');
    }
    return client.rows(`select ${name} from event`);
  });
  expect(used).toEqual(['at', 'at_new']);
});

it('runs a unit of work again for each phase that it meets, as when one follows another at once', async () => {
  const follower = new ActiveColumnFollower(eventColumn, client);
  await follower.current();
  await migrator.go('0005');
  const used: ActiveColumn[] = [];
  await follower.run(async (active) => {
    used.push(active);
    if (used.length === 2) await migrator.go('0006');
    await client.rows(`select ${active.name} = ${active.form === 'old' ? `''` : 'now()'} from event`);
  });
  expect(used).toEqual([OLD, NEW, RENAMED]);
});

it.each([
  ['42703', `select nothing from event`],
  ['42P01', `select from events`],
  ['42804', `update event set id = now()`],
  ['0A000', `execute prepared_before`],
])('runs a unit of work again that met %s', async (code, statement) => {
  await client.rows(`prepare prepared_before as select * from event`);
  await client.rows(`execute prepared_before`);
  await client.rows(`alter table event add column note text`);
  const follower = new ActiveColumnFollower(eventColumn, client);
  const met: unknown[] = [];
  const used = await follower.run(async ({ name }) => {
    if (met.length > 0) return name;
    return client.rows(statement).catch((error: unknown) => {
      met.push((error as { code: string }).code);
      throw error;
    });
  });
  expect({ met, used }).toEqual({ met: [code], used: 'at' });
});

it('runs a unit of work again if a library has wrapped the error of the database', async () => {
  const follower = new ActiveColumnFollower(eventColumn, client);
  await follower.current();
  await migrator.go('0005');
  const used = await follower.run(async ({ name }) => {
    await client.rows(`select ${name} from event`).catch((cause: unknown) => {
      throw new Error('Failed query', { cause });
    });
    return name;
  });
  expect(used).toBe('at_new');
});

it('runs a unit of work twice at most on the same column, and not again for another reason', async () => {
  const follower = new ActiveColumnFollower(eventColumn, client);
  let runs = 0;
  const run = (sql: string) =>
    follower.run(() => {
      runs += 1;
      return client.rows(sql);
    });
  await expect(run('select nothing from event')).rejects.toThrow('column "nothing" does not exist');
  expect(runs).toBe(2);
  await expect(run('select 1 / 0')).rejects.toThrow('division by zero');
  expect(runs).toBe(3);
});

it('runs a unit of work three times at most, though the catalog says another thing each time', async () => {
  let readings = 0;
  const follower = new ActiveColumnFollower(eventColumn, {
    async query<Row>() {
      readings += 1;
      const row = {
        table_exists: true,
        old_is_filled: true,
        old_is_new_type: readings % 2 === 0,
        new_is_enforced: null,
      };
      return { rows: [row as Row], rowCount: 1 };
    },
  });
  const used: ActiveColumn[] = [];
  const failing = follower.run(async (active) => {
    used.push(active);
    throw Object.assign(new Error('of another type'), { code: '42804' });
  });
  await expect(failing).rejects.toThrow('of another type');
  expect(used).toEqual([OLD, RENAMED, OLD]);
});

it('reads once for all who ask while a reading is under way, and after it', async () => {
  const database = counting(client);
  const follower = new ActiveColumnFollower(eventColumn, database);
  const first = follower.refresh();
  // Lets the first reading begin.
  await Promise.resolve();
  await Promise.all([first, ...Array.from({ length: 100 }, () => follower.refresh())]);
  expect(database.queries).toBe(2);
});

it('says that the old column is in use until the last unit of work on it has ended', async () => {
  const follower = new ActiveColumnFollower(eventColumn, client);
  await follower.current();
  const forms: string[] = [];
  follower.on('formInUse', (form) => forms.push(form));
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const units = [first, second].map(({ promise }) => follower.run(() => promise));
  await migrator.go('0004');
  expect(await follower.refresh()).toEqual(NEW);
  expect(follower.formInUse).toBe('old');
  first.resolve();
  await units[0];
  expect(follower.formInUse).toBe('old');
  second.resolve();
  await units[1];
  expect(follower.formInUse).toBe('new');
  await migrator.go('0003');
  await follower.refresh();
  expect(forms).toEqual(['new', 'old']);
});

it('runs a unit again that finds the active column empty, once', async () => {
  const follower = new ActiveColumnFollower(eventColumn, client);
  const used: ActiveColumn[] = [];
  const failing = follower.run(async (active) => {
    used.push(active);
    throw new ColumnNotEnforcedError(active.name);
  });
  await expect(failing).rejects.toMatchObject({
    code: 'COLUMN_NOT_ENFORCED',
    details: { column: 'at' },
  });
  expect(used).toEqual([OLD, OLD]);
});

it('keeps what it knows while the table is away', async () => {
  const follower = new ActiveColumnFollower(eventColumn, client);
  const late = new ActiveColumnFollower(eventColumn, client);
  await follower.current();
  await client.rows('alter table event rename to away');
  await expect(follower.refresh()).rejects.toThrow('does not exist');
  expect(await follower.current()).toEqual(OLD);
  await expect(late.current()).rejects.toThrow('does not exist');
  await client.rows('alter table away rename to event');
  expect(await late.current()).toEqual(OLD);
});

describe('the poll', () => {
  it('goes on after readings that fail', async () => {
    const database = counting(client);
    const follower = new ActiveColumnFollower(eventColumn, database);
    await follower.current();
    await client.rows('alter table event rename to away');
    using _poll = pollActiveColumn(follower, 1);
    await database.asked(10);
    await client.rows('alter table away rename to event');
    const switched = once(follower, 'switched');
    await migrator.go('0004');
    expect(await switched).toEqual([NEW]);
  });

  it('does not ask again while the database is silent, and ends when it is told to', async () => {
    const silence = Promise.withResolvers<never>();
    const silent = counting({ query: () => silence.promise });
    const answering = counting(client);
    using _silentPoll = pollActiveColumn(new ActiveColumnFollower(eventColumn, silent), 1);
    const poll = pollActiveColumn(new ActiveColumnFollower(eventColumn, answering), 1);
    await answering.asked(20);
    expect(silent.queries).toBe(1);
    poll[Symbol.dispose]();
    using _nextPoll = pollActiveColumn(new ActiveColumnFollower(eventColumn, silent), 1);
    await silent.asked(2);
    expect(answering.queries).toBeLessThanOrEqual(21);
  });
});

describe('on a column to stay on', () => {
  it.each([
    ['at', [OLD, OLD, OLD, OLD, NEW, RENAMED, NEW, OLD, OLD]],
    ['at_new', [OLD, OLD, OLD, NEW, NEW, RENAMED, NEW, NEW, OLD]],
    [undefined, [OLD, OLD, OLD, NEW, NEW, RENAMED, NEW, NEW, OLD]],
  ])('%s, it is at each stage where it can be', async (pinned, expected) => {
    const follower = new ActiveColumnFollower(eventColumn, client, pinned);
    const found = [];
    for (const stage of ['0001', '0002', '0003', '0004', '0005', '0006', '0005', '0004', '0003']) {
      await migrator.go(stage);
      found.push(await follower.refresh());
    }
    expect(found).toEqual(expected);
  });

  it('does not take the old column while it comes back and is not filled yet', async () => {
    await migrator.go('0005');
    await client.rows('alter table event add column at varchar(50)');
    const follower = new ActiveColumnFollower(eventColumn, client, 'at');
    expect(await follower.current()).toEqual(NEW);
  });

  it('is refused where the change does not know it', () => {
    expect(() => new ActiveColumnFollower(eventColumn, client, 'created')).toThrow(
      expect.objectContaining(
        refusedWith(
          'UNKNOWN_ACTIVE_COLUMN',
          'The pinned column "created" is not a column of the change: pin at or at_new, or none.',
        ),
      ),
    );
  });
});
