import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { changedColumnOf } from '../../support/changed-column.ts';
import type { PhaseName } from '../../../src/online-migration/change/phase-name.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { followColumn } from '../../../src/online-migration/follow/follow-column.ts';
import { readStatus } from '../../../src/online-migration/observation/status.ts';
import { runPhase } from '../../../src/online-migration/phases/run-phase.ts';
import { readRecordedPhases } from '../../../src/online-migration/state/phase-ledger.ts';
import { changeOf, type ChangeOptions } from '../../support/change-of.ts';
import { installDdlHoldPoint, standingStill } from '../../support/hold-points.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const declared = (options: Partial<ChangeOptions> = {}): ColumnChange =>
  changeOf('orders.total', {
    from: { type: 'text', default: `'0.00'::text` },
    to: { type: 'numeric(12,2)', default: '0.00' },
    conversion: textToNumeric(12, 2),
    ...options,
  });
const separate = declared();
const together = declared({ renameInContract: true });
const UP: readonly PhaseName[] = ['expand', 'backfill', 'enforce', 'contract'];

const SETUP = [
  `create table orders (
    id bigint generated always as identity primary key,
    total text default '0.00' constraint "It's a total" not null constraint orders_total_uniq unique
  )`,
  `comment on column orders.total is 'in euro'`,
  `create index by_total on orders (total, id)`,
  `insert into orders (total) select n || '.50' from generate_series(1, 300) as n`,
];
const database = databasePerTest(...SETUP);
const { client } = database;

const run = (change: ColumnChange, direction: 'up' | 'down', ...names: readonly PhaseName[]) =>
  names.reduce(
    (before, name) =>
      before.then(() =>
        runPhase(change, name, direction, { connection: database.url, settings: { switchoverWaitMs: 200 } }),
      ),
    Promise.resolve(),
  );
const stage = async (change = together) => (await readStatus(client, change)).stage;
const ledger = async () =>
  (await readRecordedPhases(client, changedColumnOf(together))).map(({ phase }) => phase);

/** Selects the column by its old name until it is stopped, in a new statement each time. */
interface SelectLoop {
  /** Resolves after a select that began after the call. */
  again(): Promise<void>;
  stop(): Promise<{ texts: Set<string>; failures: string[] }>;
}

async function selectInLoop(): Promise<SelectLoop> {
  const reader = await database.connect('report');
  const failures: string[] = [];
  const texts = new Set<string>();
  const stopping = new AbortController();
  const progress = { selects: 0 };
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      progress.selects += 1;
      await reader.rows<{ total: string }>(`select total::text from orders where id = 7`).then(
        ([row]) => texts.add(row!.total),
        (error: { code: string }) => failures.push(error.code),
      );
    }
  })();
  return {
    async again() {
      const begun = progress.selects;
      while (progress.selects < begun + 2) await delay(1);
    },
    async stop() {
      stopping.abort();
      await loop;
      return { texts, failures };
    },
  };
}

/** Kills it in its second transaction under the lock, which adds the old column. */
async function killBetween(): Promise<void> {
  await run(together, 'up', ...UP);
  await installDdlHoldPoint(client);
  // Its first transaction passes.
  await client.rows(`
    create function hold_later() returns event_trigger language plpgsql as $$
    begin
      -- It must not name the columns of the change.
      if (select count(*) from pg_attribute where attrelid = 'orders'::regclass and starts_with(attname, 'tot')) > 1
      then call stand_still('later'); end if;
    end $$;
    insert into held values ('later');
    create event trigger hold_later on ddl_command_end when tag in ('ALTER TABLE') execute function hold_later()`);
  const running = run(together, 'down', 'contract');
  const ended = running.then(
    () => 'carried out',
    () => 'failed',
  );
  await standingStill(client, 'online-migration contract down');
  await client.rows(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'online-migration contract down'`,
  );
  expect(await ended).toBe('failed');
  await client.rows(`delete from held`);
  expect(await stage()).toBe('contracted');
  expect(await ledger()).toEqual(UP);
  expect(await readStatus(client, together)).toMatchObject({ activeColumn: 'total_new', form: 'new' });
}

describe('contract that also renames', () => {
  it('leads to the same catalog as contract and rename, and back to the same as before', async () => {
    const before = await readSchema(client);
    await run(separate, 'up', ...UP, 'rename');
    const after = await readSchema(client);
    await run(separate, 'down', 'rename', ...UP.toReversed());
    expect(await readSchema(client)).toEqual(before);

    await run(together, 'up', ...UP);
    expect(await readSchema(client)).toEqual(after);
    expect(await readStatus(client, together)).toMatchObject({
      stage: 'renamed',
      stages: ['initial', 'expanded', 'backfilled', 'enforced', 'renamed'],
      activeColumn: 'total',
      form: 'renamed',
    });
    expect(await ledger()).toEqual(UP);
    await run(together, 'down', 'contract');
    expect(await stage()).toBe('enforced');
    expect(await ledger()).toEqual(UP.slice(0, 3));
    await run(together, 'up', 'contract');
    expect(await readSchema(client)).toEqual(after);
    await run(together, 'down', ...UP.toReversed());
    expect(await readSchema(client)).toEqual(before);
    expect(await client.value(`select count(*)::int from orders where total = id || '.50'`)).toBe(300);
  });

  it('never lets the old name disappear on the way up', async () => {
    await run(together, 'up', ...UP.slice(0, 3));
    const loop = await selectInLoop();
    await run(together, 'up', 'contract');
    await loop.again();
    expect(await loop.stop()).toEqual({ texts: new Set(['7.50']), failures: [] });
  });

  it('lets programs work that accept both types, and no others', async () => {
    await run(together, 'up', ...UP.slice(0, 3));
    const program = await database.connect('report');
    await program.rows(`
      prepare of_both as select total::text from orders where id = 7;
      prepare of_text as select total from orders where id = 7;
      prepare of_all as select * from orders where id = 7`);
    await program.rows(`prepare writing (text) as insert into orders (total) values ($1)`);
    await run(together, 'up', 'contract');
    expect(await program.value(`execute of_both`)).toBe('7.50');
    for (const name of ['of_text', 'of_all']) {
      await expect(program.rows(`execute ${name}`)).rejects.toMatchObject({
        code: '0A000',
        message: 'cached plan must not change result type',
      });
    }
    await expect(program.rows(`execute writing ('8000.5')`)).rejects.toMatchObject({ code: '42804' });
    await program.rows(`insert into orders (total) values ('8001.5')`);
    await program.rows(`insert into orders (total) values ($1)`, ['8002.5']);
    await expect(program.rows(`select * from orders where total like '7%'`)).rejects.toMatchObject({
      code: '42883',
    });
  });

  it('lets it disappear if they are separate, which the loop would see', async () => {
    await run(separate, 'up', ...UP.slice(0, 3));
    const loop = await selectInLoop();
    await run(separate, 'up', 'contract');
    await loop.again();
    const { failures } = await loop.stop();
    expect(new Set(failures)).toEqual(new Set(['42703']));
  });

  it('leaves followers on a column in every phase', async () => {
    const forms: string[] = [];
    await using follower = await followColumn({
      change: together,
      pool: client,
      connection: database.url,
      log: () => undefined,
    });
    const read = async () => {
      // The notification of the phase may arrive later.
      await follower.refresh();
      forms.push(
        await follower.run(async ({ form, name }) => {
          expect(await client.value(`select ${name}::text from orders where id = 7`)).toBe('7.50');
          return form;
        }),
      );
    };
    for (const name of UP) {
      await run(together, 'up', name);
      await read();
    }
    for (const name of UP.toReversed()) {
      await run(together, 'down', name);
      await read();
    }
    expect(forms).toEqual(['old', 'old', 'new', 'renamed', 'new', 'old', 'old', 'old']);
  });
});

describe('the way back of a contract that also renames', () => {
  it('goes on after it was killed behind the rename', async () => {
    const before = await readSchema(client);
    await killBetween();
    await run(together, 'down', ...UP.toReversed());
    await client.rows(`drop event trigger hold_later; drop event trigger hold_ddl; drop table held`);
    expect(await readSchema(client)).toEqual(before);
  });

  it('is taken back by contract after it was killed behind the rename, or while the old column is filled', async () => {
    await killBetween();
    const { constraints } = await readSchema(client);
    await run(together, 'up', 'contract');
    expect(await stage()).toBe('renamed');
    expect(await ledger()).toEqual(UP);
    expect(Object.keys((await readSchema(client)).constraints)).toEqual(Object.keys(constraints));

    const interrupt = new AbortController();
    await expect(
      runPhase(together, 'contract', 'down', {
        connection: database.url,
        signal: interrupt.signal,
        onEvent: ({ message }) => {
          if (message?.includes('revert contract: add the old column: held'))
            interrupt.abort(new Error('stopped'));
        },
      }),
    ).rejects.toThrow('stopped');
    expect(await stage()).toBe('contracted');
    expect(await client.value(`select count(total_new)::int from orders`)).toBe(300);
    await run(together, 'up', 'contract');
    expect(await stage()).toBe('renamed');
    expect(await client.value(`select sum(total)::text from orders`)).toBe('45300.00');
  });

  it('gives the name back if it is refused before it has added the old column', async () => {
    await run(together, 'up', ...UP);
    await client.rows(`create view totals as select total from orders; create table kept (was totals)`);
    await expect(run(together, 'down', 'contract')).rejects.toMatchObject(
      refusedWith('OBSTACLES', /The view public\.totals cannot go over by itself: column was/),
    );
    expect(await stage()).toBe('renamed');
    await client.rows(`drop view totals cascade`);
    await run(together, 'down', 'contract');
    expect(await stage()).toBe('enforced');
  });

  it('is refused before the rename if there is no way back', async () => {
    const oneWay = declared({
      renameInContract: true,
      nullable: true,
      from: 'text',
      to: 'numeric(12,2)',
      conversion: { ...textToNumeric(12, 2), backward: 'not reversible' },
    });
    await client.rows(`drop table orders; create table orders (id bigint primary key, total text)`);
    await run(oneWay, 'up', ...UP);
    await expect(run(oneWay, 'down', 'contract')).rejects.toMatchObject({ code: 'NOT_REVERSIBLE' });
    expect(await stage(oneWay)).toBe('renamed');
  });
});

describe('renameInContract', () => {
  it('leaves no rename phase', async () => {
    await run(together, 'up', ...UP.slice(0, 3));
    for (const direction of ['up', 'down'] as const) {
      await expect(run(together, direction, 'rename')).rejects.toMatchObject(
        refusedWith(
          'PHASE_NOT_OF_CHANGE',
          /^The change public\.orders\.total has no phase rename: its contract renames the column too\. Take `renameInContract` out .*: expand, backfill, enforce, contract\.$/,
        ),
      );
    }
  });

  it('can be declared, or taken out, until contract', async () => {
    await run(separate, 'up', 'expand', 'backfill');
    await run(together, 'up', 'enforce');
    await run(separate, 'up', 'contract');
    // Behind contract it only renames.
    await run(together, 'up', 'contract');
    expect(await stage()).toBe('renamed');
    expect(await ledger()).toEqual(UP);
    // Taken out behind it, the two ways back are separate.
    await run(separate, 'down', 'rename', 'contract', 'enforce');
    expect(await ledger()).toEqual(['expand', 'backfill']);
  });

  it('that is declared after rename is refused on the way back, until it is taken out', async () => {
    await run(separate, 'up', ...UP, 'rename');
    await expect(run(together, 'down', 'contract')).rejects.toMatchObject(
      refusedWith('OBSTACLES', 'Revert rename first: online_migration.phase records it as applied.'),
    );
    expect(await stage()).toBe('renamed');
    await run(separate, 'down', 'rename', ...UP.toReversed());
    expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
  });
});
