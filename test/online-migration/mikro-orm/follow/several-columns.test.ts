import { BigIntType, raw } from '@mikro-orm/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { escapeIdentifier } from 'pg';
import type { FollowedChange } from '../../../../src/online-migration/mikro-orm/follow/followed-change.ts';
import { columnOf } from '../../../../src/online-migration/mikro-orm/follow/column-of.ts';
import type { FollowedOrm } from '../../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import type { UnfollowedStatement } from '../../../../src/online-migration/mikro-orm/unfollowed/statement-watch.ts';
import { openContext, type PhaseFunction, PHASES } from '../../../support/change-cycle.ts';
import { connect } from '../../../support/database-client.ts';
import { changeOf } from '../../../support/change-of.ts';
import {
  followedInvoices,
  INVOICE_TABLES,
  Invoice,
  invoiceChange,
  Line,
  openInvoices,
} from '../../../support/invoices/invoices.ts';
import { refusedWith } from '../../../support/refused-with.ts';
import { createTestDatabase } from '../../../support/test-server.ts';

const ISSUED = new Date('2024-01-31T10:00:00.000Z');
const PROPERTIES = ['issuedAt', 'units', 'amount'];
const OLD = ['issued_at', 'units', 'Amount "net"'];
const NEW = ['issued_at_new', 'units_new', 'Amount "net"_new'];

const STAGES: { stage: string; phases: readonly PhaseFunction[]; columns: readonly string[] }[] = [
  { stage: 'initial', phases: [], columns: OLD },
  { stage: 'expanded', phases: PHASES.up.slice(0, 1), columns: OLD },
  { stage: 'enforced', phases: PHASES.up.slice(1, 3), columns: NEW },
  { stage: 'contracted', phases: PHASES.up.slice(3, 4), columns: NEW },
  { stage: 'renamed', phases: PHASES.up.slice(4), columns: OLD },
  { stage: 'enforced again', phases: PHASES.down.slice(0, 2), columns: NEW },
  { stage: 'initial again', phases: PHASES.down.slice(2), columns: OLD },
];

const resources = new AsyncDisposableStack();
let url: string;
let orm: FollowedOrm;
let unfollowed: UnfollowedStatement[];

beforeAll(async () => {
  ({ url } = resources.use(await createTestDatabase()));
  await using client = await connect(url);
  for (const table of INVOICE_TABLES) await client.rows(table);
  orm = resources.use(await openInvoices(url, { onUnfollowedStatement: (found) => unfollowed.push(found) }));
});
afterAll(() => resources.disposeAsync());
beforeEach(() => {
  unfollowed = [];
});

async function run(...phases: readonly PhaseFunction[]): Promise<void> {
  await using context = await openContext(url, invoiceChange);
  for (const phase of phases) await phase(context);
}

async function insertInvoice(amount = '9.50', units = 3n): Promise<number> {
  return orm.run(async (em) => {
    const invoice = em.create(Invoice, { issuedAt: ISSUED, units, amount });
    em.create(Line, { invoice, article: 'cup' });
    await em.flush();
    return invoice.id;
  });
}

// MikroORM's own statements, and those that get the names by `columnOf`, follow.
const expectFollowed = () => expect(unfollowed).toEqual([]);

/** Nothing is read from the database: the change is refused before. */
const refused = (changes: readonly FollowedChange[]) =>
  openInvoices('postgresql://nobody@127.0.0.1:9/none', { changes });

describe.each(STAGES)('three changed properties of an entity, $stage', ({ phases, columns }) => {
  beforeAll(() => run(...phases));

  it('are read and written by the EntityManager', async () => {
    const id = await insertInvoice();
    await orm.run(async (em) => {
      const invoice = await em.findOneOrFail(Invoice, id);
      expect(invoice).toMatchObject({ issuedAt: ISSUED, units: 3n, amount: '9.50' });
      Object.assign(invoice, { issuedAt: new Date('2020-02-29T12:00:00.000Z'), units: 4n, amount: '7.25' });
      await em.flush();
      expect(await em.nativeUpdate(Invoice, { id, units: 4n, amount: '7.25' }, { units: 5n })).toBe(1);
    });
    await orm.run(async (em) => {
      expect(await em.findOneOrFail(Invoice, id)).toMatchObject({
        issuedAt: new Date('2020-02-29T12:00:00.000Z'),
        units: 5n,
        amount: '7.25',
      });
    });
    expectFollowed();
  });

  it('are written by an upsert and by insertMany', async () => {
    const id = await insertInvoice();
    await orm.run(async (em) => {
      const upserted = await em.upsert(Invoice, { id, issuedAt: ISSUED, units: 6n, amount: '0.75' });
      expect(upserted).toMatchObject({ units: 6n, amount: '0.75' });
      const rows = [1n, 2n].map((units) => ({ issuedAt: ISSUED, units, amount: '1.50', note: `with ${id}` }));
      await em.insertMany(Invoice, rows);
      const found = await em.fork().find(Invoice, { note: `with ${id}` }, { orderBy: { units: 'desc' } });
      expect(found.map(({ units }) => units)).toEqual([2n, 1n]);
    });
    expectFollowed();
  });

  it('are used by a query builder, a filter, an order and a relation', async () => {
    const [small, large] = [await insertInvoice('2.50', 1n), await insertInvoice('10.00', 2n)];
    await orm.run(async (em) => {
      const id = [small, large];
      const query = em.createQueryBuilder(Invoice, 'i').select(['i.id', 'i.issuedAt', 'i.units', 'i.amount']);
      const built = await query
        .where({ id, units: { $gte: 1n } })
        .orderBy({ units: 'desc' })
        .getResult();
      expect(built.map(({ amount }) => amount)).toEqual(['10.00', '2.50']);
      expect(built.map(({ issuedAt }) => issuedAt)).toEqual([ISSUED, ISSUED]);
      await em
        .createQueryBuilder(Invoice)
        .update({ units: 8n, amount: '2.75' })
        .where({ id: small })
        .execute();
      const filters = { issuedSince: { date: ISSUED } };
      const found = await em
        .fork()
        .find(Invoice, { id }, { filters, orderBy: { issuedAt: 'asc', units: 'asc' } });
      expect(found.map(({ units, amount }) => [units, amount])).toEqual([
        [2n, '10.00'],
        [8n, '2.75'],
      ]);
      for (const strategy of ['joined', 'select-in'] as const) {
        const lines = await em
          .fork()
          .find(
            Line,
            { invoice: { id, issuedAt: ISSUED, amount: { $in: ['2.75', '10.00'] } } },
            { populate: ['invoice'], strategy, orderBy: { invoice: { units: 'desc' } } },
          );
        expect(lines.map(({ invoice }) => [invoice.id, invoice.units])).toEqual([
          [small, 8n],
          [large, 2n],
        ]);
      }
    });
    expectFollowed();
  });

  it('have their names in raw SQL by `columnOf`, and in the follower by `nameOf`', async () => {
    const id = await insertInvoice('1.25', 7n);
    await orm.run(async (em) => {
      const names = PROPERTIES.map((property) => columnOf(em, Invoice, property));
      expect(names).toEqual(columns);
      const [issuedAt, units, amount] = names.map((name) => escapeIdentifier(name));
      const rows = await em.execute(
        `select ${issuedAt} is null as issued, ${units}::text as units, ${amount}::text as amount from invoice where id = ?`,
        [id],
      );
      expect(rows).toEqual([{ issued: false, units: '7', amount: '1.25' }]);
      const most = await em
        .createQueryBuilder(Invoice)
        .select(raw(`max(${units})::text as most`))
        .execute();
      expect(most).toHaveLength(1);
    });
    const { nameOf, names } = await orm.follower(invoiceChange).current();
    expect(OLD.map((column) => nameOf(column))).toEqual(columns);
    expect(names).toEqual(columns);
    expectFollowed();
  });
});

describe('a unit of work on three properties that a phase overtakes', () => {
  it('runs again on the renamed columns, and its first run has written nothing', async () => {
    const id = await insertInvoice();
    await run(...PHASES.up.slice(0, 3));
    await orm.follower(invoiceChange).refresh();
    const names: string[][] = [];
    await orm.run(async (em) => {
      names.push(PROPERTIES.map((property) => columnOf(em, Invoice, property)));
      const invoice = await em.findOneOrFail(Invoice, id);
      if (names.length === 1) await run(...PHASES.up.slice(3));
      Object.assign(invoice, { units: 4n, amount: '1.25', note: `run ${names.length}` });
      await em.flush();
    });
    expect(names).toEqual([NEW, OLD]);
    await orm.run(async (em) => {
      expect(await em.findOneOrFail(Invoice, id)).toMatchObject({
        issuedAt: ISSUED,
        units: 4n,
        amount: '1.25',
        note: 'run 2',
      });
    });
    await run(...PHASES.down);
  });
});

describe('a raw statement', () => {
  beforeAll(async () => {
    await run(...PHASES.up.slice(0, 3));
    await orm.follower(invoiceChange).refresh();
  });
  afterAll(() => run(...PHASES.down.slice(2)));

  it.each(OLD.map((column, place) => [column, NEW[place]!]))(
    'is reported if it names %s, which is not active',
    async (column, activeColumn) => {
      const name = escapeIdentifier(column);
      await orm.run(async (em) => {
        await em.execute(`select max(${name}) from invoice`);
        await em.execute(`select max(${name}) from invoice`);
      });
      expect(unfollowed).toMatchObject([
        {
          change: 'public.invoice.issued_at,units,Amount "net"',
          table: 'public.invoice',
          column,
          activeColumn,
        },
      ]);
    },
  );

  it('is reported for each of the columns that it names and that are not active', async () => {
    await orm.run((em) => em.execute(`select issued_at, "Amount ""net""", units_new from invoice`));
    expect(unfollowed.map(({ column }) => column)).toEqual(['issued_at', 'Amount "net"']);
  });
});

describe('is refused at the start:', () => {
  it('one type for a change of several columns', async () => {
    await expect(refused([{ change: invoiceChange, oldType: new BigIntType() }])).rejects.toMatchObject(
      refusedWith(
        'COLUMN_OF_TYPE_MISSING',
        'has several columns, and `oldType` does not tell for which of them the type is: give the types by the names of their columns',
      ),
    );
  });

  it('a type for a column that the change does not have', async () => {
    const newType = { units_new: new BigIntType() };
    await expect(refused([{ ...followedInvoices, newType }])).rejects.toMatchObject(
      refusedWith('COLUMN_NOT_OF_CHANGE', 'has no column that is called "units_new" before the change'),
    );
  });

  it('a missing type, with its column', async () => {
    const { issued_at: issuedAt } = followedInvoices.oldType as Record<string, BigIntType>;
    await expect(
      refused([{ change: invoiceChange, oldType: { issued_at: issuedAt! } }]),
    ).rejects.toMatchObject(
      refusedWith('PROPERTY_TYPE_DIFFERS', /stores Invoice\.units in units \(integer\).* makes it a bigint/),
    );
  });

  it('another change of one of the columns', async () => {
    const conversion = invoiceChange.columns[1]!.conversion!;
    const again = changeOf('invoice.units', {
      from: 'integer',
      to: 'bigint',
      conversion,
      newColumn: 'units_2',
    });
    await expect(refused([followedInvoices, { change: again }])).rejects.toMatchObject(
      refusedWith(
        'PROPERTY_CHANGED_TWICE',
        /^The changes public\.invoice\.issued_at,units,Amount "net" and public\.invoice\.units are of the same column units: follow/,
      ),
    );
  });
});
