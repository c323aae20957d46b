import { inspect } from 'node:util';
import { Pool } from 'pg';
import { describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import type { ActiveColumn } from '../../../src/online-migration/follow/active-column.ts';
import { ActiveColumnFollower } from '../../../src/online-migration/follow/active-column-follower.ts';
import { type ColumnFollower, followColumn } from '../../../src/online-migration/follow/follow-column.ts';
import { findPresences } from '../../../src/online-migration/follow/presence.ts';
import { readStatus } from '../../../src/online-migration/observation/status.ts';
import { readOverview } from '../../../src/online-migration/observation/overview.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { eventChange } from '../../support/event-change.ts';
import { INVOICE_TABLES, invoiceChange } from '../../support/invoices/invoices.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const OLD = ['issued_at', 'units', 'Amount "net"'];
const NEW = ['issued_at_new', 'units_new', 'Amount "net"_new'];

const database = databasePerFile(
  `create table event (id integer primary key, at varchar(50) not null)`,
  ...INVOICE_TABLES,
);
const { client } = database;

async function follow(pinnedColumn?: string): Promise<ColumnFollower> {
  const pool = new Pool({ connectionString: database.url });
  const follower = await followColumn({
    change: invoiceChange,
    pool,
    connection: database.url,
    log: () => undefined,
    pinnedColumn,
  });
  database.defer(async () => {
    await follower[Symbol.asyncDispose]();
    await pool.end();
  });
  return follower;
}

const TO_ENFORCED = PHASES.up.slice(0, 3);

describe('a follower of several columns', () => {
  it('has the name of each, in one form', async () => {
    const follower = await follow();
    const seen: unknown[] = [];
    for (const phase of [...PHASES.up, ...PHASES.down]) {
      await database.runPhases(invoiceChange, [phase]);
      const { form, names, nameOf } = await follower.refresh();
      expect(OLD.map(nameOf)).toEqual(names);
      expect(await readStatus(client, invoiceChange)).toMatchObject({ activeColumn: names.join(', '), form });
      seen.push([form, names]);
    }
    const [old, fresh, renamed] = [
      ['old', OLD],
      ['new', NEW],
      ['renamed', OLD],
    ];
    expect(seen).toEqual([old, old, fresh, fresh, renamed, fresh, fresh, old, old, old]);
  });

  it('declares its form once for all of them, also when it hears of a phase', async () => {
    const follower = await follow();
    await database.runPhases(invoiceChange, TO_ENFORCED);
    while ((await findPresences(client, invoiceChange))[0]?.form !== 'new');
    expect(follower.latest?.names).toEqual(NEW);
    const { processes, catalog, stage } = await readOverview(client, invoiceChange);
    expect(processes).toMatchObject([{ form: 'new', pid: expect.any(Number) }]);
    expect(stage).toBe('enforced');
    expect(catalog.columns).toEqual(expect.arrayContaining(['units_new bigint not null']));
  });

  it('runs a unit of work again if a phase has changed the columns', async () => {
    const follower = await follow();
    await client.rows(
      `insert into invoice (issued_at, units, "Amount ""net""") values ('2024-01-31T10:00:00.000Z', 3, '9.50')`,
    );
    await database.runPhases(invoiceChange, TO_ENFORCED);
    await follower.refresh();
    const forms: string[] = [];
    const rows = await follower.run(async ({ form, nameOf }) => {
      forms.push(form);
      if (forms.length === 1) await database.runPhases(invoiceChange, PHASES.up.slice(3));
      return client.rows(
        `select "${nameOf('issued_at')}" is not null as issued, "${nameOf('units')}"::text as units from invoice`,
      );
    });
    expect(forms).toEqual(['new', 'renamed']);
    expect(rows).toEqual([{ issued: true, units: '3' }]);
  });

  it.each([
    ['units', OLD],
    ['Amount "net"', OLD],
    ['units_new', NEW],
    [undefined, NEW],
  ])('with %s pinned has all columns in one form', async (pinned, names) => {
    const follower = await follow(pinned);
    await database.runPhases(invoiceChange, TO_ENFORCED);
    expect((await follower.refresh()).names).toEqual(names);
  });

  it('with another column pinned is refused', async () => {
    await expect(follow('note')).rejects.toMatchObject(
      refusedWith(
        'UNKNOWN_ACTIVE_COLUMN',
        'The pinned column "note" is not a column of the change: pin issued_at, issued_at_new, units, units_new, Amount "net" or Amount "net"_new, or none.',
      ),
    );
  });
});

const activeOf = (change: ColumnChange): Promise<ActiveColumn> =>
  new ActiveColumnFollower(change, client).current();

describe('the name of an active column', () => {
  it('does not exist if the change has several', async () => {
    const active = await activeOf(invoiceChange);
    expect(() => active.name).toThrow(
      expect.objectContaining(
        refusedWith(
          'SEVERAL_ACTIVE_COLUMNS',
          'has several columns, and `name` of its active column would be the name of one of them: call `nameOf("issued_at")`',
        ),
      ),
    );
    await expect(
      new ActiveColumnFollower(invoiceChange, client).run(async ({ name }) => name),
    ).rejects.toMatchObject({
      code: 'SEVERAL_ACTIVE_COLUMNS',
    });
    // A log of the whole object does not fail.
    expect(JSON.stringify(active)).toBe('{"form":"old"}');
    expect(inspect({ ...active })).toBe("{ form: 'old' }");
  });

  it('is the name of the one column', async () => {
    const active = await activeOf(eventChange);
    expect({ ...active }).toEqual({ form: 'old', name: 'at' });
    expect([active.names, active.nameOf('at')]).toEqual([['at'], 'at']);
  });

  it.each([invoiceChange, eventChange])(
    'is not found for a column that is not of the change',
    async (change) => {
      const { nameOf } = await activeOf(change);
      expect(() => nameOf('at_new')).toThrow(
        expect.objectContaining(
          refusedWith(
            'COLUMN_NOT_OF_CHANGE',
            /^The change public\.\w+\..+ has no column that is called "at_new" before the change: name one of /,
          ),
        ),
      );
    },
  );
});
