import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChangedColumn } from '../../../src/online-migration/change/changed-column.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/text-to-numeric.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { rename } from '../../../src/online-migration/phases/rename.ts';
import type { PhaseContext } from '../../../src/online-migration/phases/phase.ts';
import { openContext } from '../../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createTestDatabase } from '../../support/test-server.ts';
import { change as ofSize } from './obstacles/obstacle.ts';

const ofId: ChangedColumn = {
  ...ofSize,
  oldColumn: { name: 'id', type: 'integer' },
  newColumn: { name: 'id_new', type: 'bigint' },
};
const ofPrice: ChangedColumn = {
  ...ofSize,
  oldColumn: { name: 'price', type: 'text' },
  newColumn: { name: 'price_new', type: 'numeric(12,2)' },
  conversion: textToNumeric(12, 2),
};

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
    drop schema if exists online_migration cascade;
    drop schema public cascade; create schema public;
    create table part (id integer primary key, size integer not null, price text not null)`);
});

async function run(
  change: ChangedColumn,
  ...moves: ((context: PhaseContext) => Promise<void>)[]
): Promise<void> {
  await using context = await openContext(url, change);
  for (const move of moves) await move(context);
}

describe('a second change of a table', () => {
  it('is refused while the first one changes its key', async () => {
    await run(ofId, expand);
    await expect(run(ofSize, expand)).rejects.toThrow(
      'The change public.part.id of this table is under way, and its contract and its rename would take id away from `key`. Finish it first.',
    );
    await run(ofId, backfill, enforce, contract);
    await expect(run({ ...ofSize, key: 'id_new' }, expand)).rejects.toThrow(
      'would take id_new away from `key`',
    );
    await run(ofId, rename);
    await run(ofSize, expand);
  });

  it('is refused when it changes what the first one may know its rows by', async () => {
    await run(ofSize, expand);
    await expect(run(ofId, expand)).rejects.toThrow(
      'The change public.part.size of this table is under way, and it may know its rows by id, which is in a unique index.',
    );
  });

  it('is refused when it changes the same column, or has the name of another change', async () => {
    await run(ofSize, expand);
    const again = { ...ofSize, newColumn: { name: 'wide', type: 'bigint' } };
    await expect(run({ ...again, name: 'again' }, expand)).rejects.toThrow(
      'The change public.part.size of this table is under way, and it changes size too.',
    );
    await client.rows(`create table note (id integer primary key, price text not null)`);
    const ofNote = { ...ofPrice, table: { schema: 'public', name: 'note' }, name: 'public.part.size' };
    await expect(run(ofNote, expand)).rejects.toThrow(
      'A change called public.part.size is recorded already, of public.part, size to size_new: declare another `name`.',
    );
  });

  it('of a column that was changed before needs a name of its own', async () => {
    await run(ofSize, expand, backfill, enforce, contract, rename);
    const back: ChangedColumn = {
      ...ofSize,
      oldColumn: { name: 'size', type: 'bigint' },
      newColumn: { name: 'size_text', type: 'text' },
      conversion: {
        forward: (value) => `${value}::text`,
        backward: (value) => `case when ${value} ~ '^[1-9][0-9]{0,17}$' then ${value}::bigint end`,
      },
    };
    await expect(run(back, expand)).rejects.toThrow('A change called public.part.size is recorded already');
    await run({ ...back, name: 'part.size as text' }, expand);
  });

  it('passes when the two have nothing to do with each other', async () => {
    await run(ofSize, expand);
    await run(ofPrice, expand, backfill, enforce, contract);
    await run(ofSize, backfill, enforce, contract, rename);
    await run(ofPrice, rename);
    expect(
      await client.rows(
        `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
        where attrelid = 'part'::regclass and attname in ('size', 'price') order by attname`,
      ),
    ).toEqual([
      { name: 'price', type: 'numeric(12,2)' },
      { name: 'size', type: 'bigint' },
    ]);
  });
});
