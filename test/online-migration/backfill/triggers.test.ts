import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Obstacle } from '../../../src/online-migration/change/obstacle.ts';
import { BackfillError } from '../../../src/online-migration/backfill/plan/backfill-error.ts';
import { triggerObstacles } from '../../../src/online-migration/backfill/batch/firing-triggers.ts';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { rename, revertRename } from '../../../src/online-migration/phases/rename.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { openContext } from '../../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventChange, eventColumn } from '../../support/event-change.ts';
import { expectAllFilled, MOMENT } from '../../support/event-table.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { createTableOwner, type TestRole } from '../../support/roles.ts';
import { describeFrom, SERVER_MAJOR } from '../../support/server-major.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const ROWS = 2_000;
/** The first major version in which a role can be granted the right to set a parameter. */
const FIRST_WITH_GRANT = 15;

let resources: AsyncDisposableStack;
let url: string;
let client: DatabaseClient;
let owner: TestRole;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  const database = resources.use(await createTestDatabase());
  url = database.url;
  client = resources.use(await connect(url));
  await client.rows(
    `create table event (id bigint primary key, at varchar(50) not null, version int not null default 0)`,
  );
  await client.rows(`insert into event (id, at) select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`);
  await client.rows(`create table audit (id bigint, what text)`);
  await client.rows(`
    create function touch() returns trigger language plpgsql as $$
    begin
      new.version := old.version + 1;
      return new;
    end $$`);
  await client.rows(`
    create function audit() returns trigger language plpgsql security definer as $$
    begin
      insert into audit values (case when tg_level = 'ROW' then new.id end, tg_name);
      return null;
    end $$`);
  owner = resources.use(await createTableOwner(url, 'event'));
});
afterEach(() => resources.disposeAsync());

const TOUCH = `create trigger touch before update on event for each row execute function touch()`;
const AUDIT = `create trigger audit_row after update on event for each row execute function audit()`;
const AUDIT_STATEMENT = `create trigger "Audit" after update on event for each statement execute function audit()`;

/** How many rows the triggers have touched, and how often each has written. */
async function traces(): Promise<{ touched: number; audited: Record<string, number> }> {
  return {
    touched: await client.value(`select count(*)::int from event where version > 0`),
    audited: await client.value(
      `select coalesce(jsonb_object_agg(what, count), '{}')
       from (select what, count(*)::int from audit group by what) as written`,
    ),
  };
}

const context = async (change: Partial<ColumnChange> = {}, as = url) =>
  resources.use(await openContext(as, { ...eventChange, ...change }));

async function upAndDown(opened: Awaited<ReturnType<typeof context>>): Promise<void> {
  for (const phase of [expand, backfill]) await phase(opened);
  await expectAllFilled(client, ROWS);
  for (const phase of [enforce, contract, rename, revertRename, revertContract]) await phase(opened);
  expect(await client.value(`select count(*)::int from event where at is not null`)).toBe(ROWS);
}

describe("the table's own triggers", () => {
  it('are silent for the updates of a superuser, up and on the way back, and the log names them', async () => {
    for (const trigger of [TOUCH, AUDIT, AUDIT_STATEMENT]) await client.rows(trigger);
    const opened = await context();
    await upAndDown(opened);
    expect(await traces()).toEqual({ touched: 0, audited: {} });
    expect(opened.lines.filter((line) => line.includes('do not fire'))).toEqual([
      'backfill: triggers that do not fire for its updates (session_replication_role = replica): "Audit", audit_row, touch',
      'backfill: triggers that do not fire for its updates (session_replication_role = replica): "Audit", audit_row, touch',
    ]);
    await client.rows(`update event set id = id where id = 1`);
    expect((await traces()).touched).toBe(1);
  });

  it('fire if the declaration says that they may', async () => {
    await client.rows(TOUCH);
    const opened = await context({ firesInBackfill: ['touch'] }, owner.url);
    await upAndDown(opened);
    expect(await client.value(`select count(*)::int from event where version = 2`)).toBe(ROWS);
    expect(opened.lines.filter((line) => line.includes('do not fire'))).toEqual([]);
  });

  it('are silent on each partition, whose own ones count as well', async () => {
    await client.rows(`drop table event`);
    await client.rows(
      `create table event (id bigint primary key, at varchar(50) not null, version int default 0) partition by hash (id)`,
    );
    for (const n of [0, 1]) {
      await client.rows(
        `create table event_${n} partition of event for values with (modulus 2, remainder ${n})`,
      );
    }
    await client.rows(`insert into event (id, at) select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`);
    await client.rows(TOUCH);
    await client.rows(AUDIT.replace('on event', 'on event_1'));
    // Fires for updates of the parent alone, which a backfill does not make.
    await client.rows(AUDIT_STATEMENT);
    expect((await triggerObstacles(client, eventColumn)).length).toBe(0);
    await upAndDown(await context());
    expect(await traces()).toEqual({ touched: 0, audited: {} });
    await client.rows(`alter table event owner to ${owner.name}`);
    await using asOwner = await connect(owner.url);
    expect(messagesOf(await triggerObstacles(asOwner, eventColumn))).toEqual([
      expect.stringContaining(
        'The trigger audit_row on public.event_1, which calls public.audit(), would fire for',
      ),
      expect.stringContaining(
        'The trigger touch on public.event, which calls public.touch(), would fire for',
      ),
    ]);
  });

  it('do not count if they are disabled, or fire for other columns or commands', async () => {
    await client.rows(TOUCH);
    await client.rows(`alter table event disable trigger touch`);
    await client.rows(AUDIT.replace('update', 'update of version'));
    await client.rows(AUDIT_STATEMENT.replace('update', 'insert or delete'));
    await using asOwner = await connect(owner.url);
    expect(await triggerObstacles(asOwner, eventColumn)).toEqual([]);
    await upAndDown(await context({}, owner.url));
    expect(await traces()).toEqual({ touched: 0, audited: {} });
  });
});

function messagesOf(obstacles: readonly Obstacle[]): string[] {
  return obstacles.map(({ message }) => message);
}

/** How the owner can get the right. */
const wayOut = () =>
  SERVER_MAJOR < FIRST_WITH_GRANT
    ? 'To keep it silent, run the migrations as a superuser; or, if it may fire, name it in `firesInBackfill`.'
    : `To keep it silent, run \`grant set on parameter session_replication_role to ${owner.name}\` as a superuser; ` +
      'or, if it may fire, name it in `firesInBackfill`.';

describe('a role that may not keep them silent', () => {
  it('is refused ahead of the first row, and each trigger is named with what it would do', async () => {
    const opened = await context({}, owner.url);
    await client.rows(TOUCH);
    await expect(expand(opened)).rejects.toThrow(
      `would fire for each row that the backfill converts. ${wayOut()}`,
    );
    await client.rows(`drop trigger touch on event`);
    await expand(opened);
    // Created since.
    await client.rows(TOUCH);
    await client.rows(AUDIT_STATEMENT.replace('execute', 'when (true) execute'));
    const obstacles = await triggerObstacles(opened.session, opened.change);
    expect(new Set(obstacles.map(({ code }) => code))).toEqual(new Set(['TRIGGER_NOT_SILENCEABLE']));
    expect(messagesOf(obstacles)).toEqual([
      `The trigger "Audit" on public.event, which calls public.audit(), would fire, if its condition holds, for each batch of the backfill. ${wayOut()}`,
      `The trigger touch on public.event, which calls public.touch(), would fire for each row that the backfill converts. ${wayOut()}`,
    ]);
    const failure = await backfill(opened).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BackfillError);
    expect(failure).toMatchObject({ code: 'TRIGGERS_WOULD_FIRE', details: { obstacles } });
    for (const message of messagesOf(obstacles)) expect(String(failure)).toContain(message);
    expect(await traces()).toEqual({ touched: 0, audited: {} });
    expect(await client.value(`select count(*)::int from event where at_new is not null`)).toBe(0);
  });

  it('is refused on the way back before the old column is there again', async () => {
    const opened = await context({}, owner.url);
    for (const phase of [expand, backfill, enforce, contract, rename, revertRename]) await phase(opened);
    await client.rows(TOUCH);
    await expect(revertContract(opened)).rejects.toThrow(
      'The trigger touch on public.event, which calls public.touch(), would fire for each row',
    );
    expect(
      await client.value(
        `select count(*)::int from pg_attribute where attrelid = 'event'::regclass and attname = 'at'`,
      ),
    ).toBe(0);
    await client.rows(`drop trigger touch on event`);
    await revertContract(opened);
  });
});

describeFrom(FIRST_WITH_GRANT, 'a role that has been granted the parameter', () => {
  it('keeps them silent', async () => {
    await client.rows(TOUCH);
    await client.rows(`grant set on parameter session_replication_role to ${owner.name}`);
    await upAndDown(await context({}, owner.url));
    expect(await traces()).toEqual({ touched: 0, audited: {} });
  });
});

describe('a trigger that fires always', () => {
  beforeEach(async () => {
    await client.rows(TOUCH);
    await client.rows(`alter table event enable always trigger touch`);
  });

  it('is refused also to a superuser, with how to make it an ordinary one', async () => {
    const obstacles = await triggerObstacles(client, eventColumn);
    expect(obstacles).toMatchObject([{ code: 'TRIGGER_FIRES_ALWAYS', details: { trigger: 'touch' } }]);
    expect(messagesOf(obstacles)).toEqual([
      'The trigger touch on public.event, which calls public.touch(), would fire for each row that the backfill converts. ' +
        'It is set to fire always, so it cannot be kept silent. Run `alter table public.event enable trigger touch`; ' +
        'or, if it may fire, name it in `firesInBackfill`.',
    ]);
  });

  it('is made an ordinary one by the statement that the refusal names, on all partitions', async () => {
    await client.rows(`drop table event`);
    await client.rows(
      `create table event (id bigint primary key, at varchar(50) not null, version int) partition by hash (id)`,
    );
    for (const n of [0, 1]) {
      await client.rows(
        `create table event_${n} partition of event for values with (modulus 2, remainder ${n})`,
      );
    }
    await client.rows(TOUCH);
    await client.rows(`alter table event enable always trigger touch`);
    const [obstacle, ...others] = await triggerObstacles(client, eventColumn);
    expect(others).toEqual([]);
    await client.rows(/`(alter table [^`]+)`/.exec(obstacle!.message)![1]!);
    expect(await triggerObstacles(client, eventColumn)).toEqual([]);
  });

  it('fires if it is declared, beside another that is silent', async () => {
    await client.rows(AUDIT);
    const opened = await context({ firesInBackfill: ['touch'] });
    for (const phase of [expand, backfill]) await phase(opened);
    expect(await traces()).toEqual({ touched: ROWS, audited: {} });
    expect(opened.lines.find((line) => line.includes('do not fire'))).toMatch(/replica\): audit_row$/);
  });
});

it('a trigger for replication fires beside silent ones, and the refusal says how it does not', async () => {
  await client.rows(TOUCH);
  await client.rows(AUDIT);
  await client.rows(`alter table event enable replica trigger touch`);
  const obstacles = await triggerObstacles(client, eventColumn);
  expect(messagesOf(obstacles)).toEqual([
    'The trigger touch on public.event, which calls public.touch(), would fire for each row that the backfill converts. ' +
      'It is set to fire for replication, as which a backfill keeps the other triggers silent. Run ' +
      '`alter table public.event disable trigger touch` until the change is done, if nothing is replicated to the table; ' +
      'or, if it may fire, name it in `firesInBackfill`.',
  ]);
  await client.rows(/`(alter table [^`]+)`/.exec(obstacles[0]!.message)![1]!);
  const opened = await context();
  for (const phase of [expand, backfill]) await phase(opened);
  expect(await traces()).toEqual({ touched: 0, audited: {} });
});

it('is refused where a foreign key of the filled column would not be checked', async () => {
  const opened = await context();
  await expand(opened);
  await client.rows(`create table moment (at timestamptz primary key)`);
  await client.rows(
    `alter table event add constraint known_moment foreign key (at_new) references moment not valid`,
  );
  await client.rows(TOUCH);
  await expect(backfill(opened)).rejects.toMatchObject(
    refusedWith(
      'TRIGGERS_WOULD_FIRE',
      'To keep it silent would leave known_moment of the filled column unchecked.',
    ),
  );
});

it('a trigger that comes in the middle of a backfill is noticed at its next range', async () => {
  const opened = await context({}, owner.url);
  await expand(opened);
  await client.rows(`
    create function come() returns trigger language plpgsql security definer as $$
    begin
      if tg_op = 'INSERT' then
        execute 'create trigger touch before update on public.event for each row execute function public.touch()';
      end if;
      return null;
    end $$`);
  await client.rows(
    `create trigger come after insert on online_migration.backfill_range for each statement execute function come()`,
  );
  await expect(backfill(opened)).rejects.toThrow('The trigger touch on public.event');
  expect((await traces()).touched).toBe(0);
});
