import { PHASE_NAMES, type PhaseName } from '../../../src/online-migration/change/phase-name.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { changedColumnOf } from '../../support/changed-column.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { runPhase } from '../../../src/online-migration/phases/run-phase.ts';
import type { PhaseContext } from '../../../src/online-migration/phases/phase.ts';
import {
  readRecordedPhases,
  recordPhase,
  removePhase,
} from '../../../src/online-migration/state/phase-ledger.ts';
import { type Ledger, readRecordedChanges } from '../../../src/online-migration/state/recorded-changes.ts';
import { PHASES, openContext } from '../../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createTestDatabase } from '../../support/test-server.ts';
import { changeOfTotal } from './earlier-database.ts';

const total = changeOfTotal('orders');
const parcel = changeOfTotal('parcel');

const resources = new AsyncDisposableStack();
let url: string;
let client: DatabaseClient;
beforeAll(async () => {
  ({ url } = resources.use(await createTestDatabase()));
  client = resources.use(await connect(url));
});
afterAll(() => resources.disposeAsync());
beforeEach(async () => {
  await client.rows(`
    drop schema if exists online_migration cascade; drop schema if exists shop cascade; create schema shop;
    create table shop.orders (id bigint generated always as identity primary key, total text not null);
    create table shop.parcel (id bigint generated always as identity primary key, total text not null);
    insert into shop.orders (total) values ('1.5'), ('2.50')`);
});

/** Carries phases out, and records each in the package's own ledger, or in none. */
async function runPhases(
  phases: readonly ((context: PhaseContext) => Promise<void>)[],
  { ledger = 'online-migration', change = total }: { ledger?: Ledger; change?: typeof total } = {},
): Promise<void> {
  for (const phase of phases) {
    const up = PHASES.up.indexOf(phase);
    const name = PHASE_NAMES[up === -1 ? PHASE_NAMES.length - 1 - PHASES.down.indexOf(phase) : up]!;
    await using context = await openContext(url, change, ledger);
    const record = up === -1 ? removePhase : recordPhase;
    await phase({
      ...context,
      recordInLedger: async () => {
        if (ledger === 'online-migration') await record(context.session, context.change, name);
      },
    });
  }
}

const recorded = async (change = total) =>
  (await readRecordedPhases(client, changedColumnOf(change))).map(({ phase }) => phase);
const noSchema = async () => (await client.value(`select to_regnamespace('online_migration')`)) === null;

describe('the ledger of phases', () => {
  it('has each phase from its commit to the commit of its way back', async () => {
    expect(await recorded()).toEqual([]);
    for (const [index, phase] of PHASES.up.entries()) {
      await runPhases([phase]);
      expect(await recorded()).toEqual(PHASE_NAMES.slice(0, index + 1));
    }
    const [{ appliedAt } = {}] = await readRecordedPhases(client, changedColumnOf(total));
    expect(appliedAt).toBeInstanceOf(Date);
    for (const [index, phase] of PHASES.down.entries()) {
      await runPhases([phase]);
      expect(await recorded()).toEqual(PHASE_NAMES.slice(0, 4 - index));
    }
    expect(await noSchema()).toBe(true);
  });

  it('keeps the phases of another change when an expand is reverted', async () => {
    await runPhases(PHASES.up.slice(0, 1));
    await runPhases(PHASES.up.slice(0, 2), { change: parcel });
    await runPhases(PHASES.down.slice(4));
    expect(await recorded()).toEqual([]);
    expect(await recorded(parcel)).toEqual(['expand', 'backfill']);
    await runPhases(PHASES.down.slice(3), { change: parcel });
    expect(await noSchema()).toBe(true);
  });

  it('has the phase neither applied nor reverted if its transaction fails', async () => {
    await using context = await openContext(url, total, 'online-migration');
    const { session } = context;
    const record = async () => {
      await recordPhase(session, changedColumnOf(total), 'expand');
      throw new Error('killed');
    };
    await expect(expand({ ...context, recordInLedger: record })).rejects.toThrow('killed');
    expect(await recorded()).toEqual([]);
    await runPhases([expand]);
    const remove = async () => {
      await removePhase(session, changedColumnOf(total), 'expand');
      throw new Error('killed');
    };
    await expect(PHASES.down[4]({ ...context, recordInLedger: remove })).rejects.toThrow('killed');
    expect(await recorded()).toEqual(['expand']);
  });

  it('forgets the phases of a table that was dropped during its change', async () => {
    await runPhases(PHASES.up.slice(0, 2));
    await client.rows(
      `drop table shop.orders; create table shop.orders (id bigint primary key, total text not null)`,
    );
    await runPhases([expand]);
    expect(await recorded()).toEqual(['expand']);
  });
});

const run = (name: PhaseName, direction: 'up' | 'down') =>
  runPhase(total, name, direction, { connection: url });

describe('runPhase keeps the order of the phases', () => {
  it('reverts no phase while a later one is recorded', async () => {
    await run('expand', 'up');
    await run('backfill', 'up');
    await expect(run('expand', 'down')).rejects.toThrow(
      'Revert backfill first: online_migration.phase records it as applied.',
    );
    await run('backfill', 'down');
    await run('expand', 'down');
    expect(await noSchema()).toBe(true);
  });

  it('runs no phase before an earlier one is recorded', async () => {
    await run('expand', 'up');
    await run('backfill', 'up');
    await client.rows(`delete from online_migration.phase where phase = 'backfill'`);
    await expect(run('enforce', 'up')).rejects.toThrow(
      'Run backfill first: online_migration.phase does not record it as applied.',
    );
    await run('backfill', 'up');
    await run('enforce', 'up');
    expect(await recorded()).toEqual(['expand', 'backfill', 'enforce']);
  });
});

describe('a change keeps to one ledger', () => {
  it.each([
    {
      begun: 'mikro-orm',
      other: 'online-migration',
      told: 'The phases of this change are recorded by MikroORM: run `npx mikro-orm migration:up` or `migration:down` instead.',
    },
    {
      begun: 'online-migration',
      other: 'mikro-orm',
      told: 'The phases of this change are recorded in online_migration.phase: run `npx online-migration up` or `down` instead',
    },
  ] as const)(
    'that was begun in $begun: every phase in the other is refused',
    async ({ begun, other, told }) => {
      for (const [index, phase] of PHASES.up.entries()) {
        await runPhases([phase], { ledger: begun });
        expect(await readRecordedChanges(client)).toMatchObject([{ ledger: begun }]);
        for (const refused of [PHASES.down[4 - index]!, ...PHASES.up.slice(index + 1, index + 2)]) {
          await expect(runPhases([refused], { ledger: other })).rejects.toThrow(told);
        }
      }
      for (const phase of PHASES.down) {
        await expect(runPhases([phase], { ledger: other })).rejects.toThrow(told);
        await runPhases([phase], { ledger: begun });
      }
      expect(await client.value(`select array_agg(total order by id) from shop.orders`)).toEqual([
        '1.5',
        '2.50',
      ]);
    },
  );

  it('and may be begun again in the other one when its expand has been reverted', async () => {
    await runPhases([expand], { ledger: 'mikro-orm' });
    await runPhases([expand], { change: parcel });
    await runPhases(PHASES.down.slice(4), { ledger: 'mikro-orm' });
    await runPhases(PHASES.up.slice(0, 2));
    expect(await recorded()).toEqual(['expand', 'backfill']);
  });
});
