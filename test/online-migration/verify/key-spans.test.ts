import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import type { Session } from '../../../src/online-migration/postgres/session.ts';
import { compareColumns } from '../../../src/online-migration/verify/equality-proof.ts';
import { readKeySpans } from '../../../src/online-migration/verify/key-spans.ts';
import { changeOf } from '../../support/change-of.ts';
import { databasePerFile } from '../../support/tested-database.ts';

/** Two of these rows fit on a block, so the table is large enough for two sessions. */
const ROWS = 4_000;
const PAYLOAD = `repeat('x', 3000)`;
const PLACES = [1, 2, ROWS / 2 - 1, ROWS / 2, ROWS / 2 + 1, ROWS - 1, ROWS];

/** The key of row `n`, and how a table has it. */
const TABLES = {
  'a number': {
    key: 'id',
    columns: 'id bigint primary key',
    values: 'n',
    suffix: '',
  },
  'a text and a time': {
    key: ['Na me', 'at'],
    columns: `"Na me" text, at timestamptz, primary key ("Na me", at)`,
    values: `'ä' || n % 3, timestamptz '2024-01-01 00:00:00Z' + n * interval '1 ms'`,
    suffix: '',
  },
  'a uuid, in partitions': {
    key: 'id',
    columns: 'id uuid primary key',
    values: 'md5(n::text)::uuid',
    suffix: ' partition by hash (id)',
  },
} as const;

const refuseToOpen = (): Promise<Session> => Promise.reject(new Error('too many connections for role'));

const database = databasePerFile();
const { client } = database;

describe.each(Object.entries(TABLES))('the proof of a large table with %s as key', (_, table) => {
  const change: ColumnChange = {
    ...changeOf('orders.total', { from: 'text', to: 'numeric(12,2)', conversion: textToNumeric(12, 2) }),
    key: table.key,
  };

  beforeEach(async () => {
    await client.rows(
      `create table orders (${table.columns}, n integer not null, total text not null, payload text not null)${table.suffix}`,
    );
    if (table.suffix !== '') {
      for (const remainder of [0, 1])
        await client.rows(
          `create table orders_${remainder} partition of orders for values with (modulus 2, remainder ${remainder})`,
        );
    }
    await client.rows(`alter table orders alter payload set storage plain`);
    await client.rows(
      `insert into orders select ${table.values}, n, n || '.50', ${PAYLOAD} from generate_series(1, ${ROWS}) as n`,
    );
    await client.rows(`analyze orders`);
  });

  it('is made by two sessions, which compare each row', async () => {
    const context = await database.open(change);
    await expand(context);
    await backfill(context);
    expect(await readKeySpans(context.session, change)).toEqual([
      { after: null, upTo: expect.any(Array), schemas: expect.any(Array) },
      { after: expect.any(Array), upTo: null, schemas: expect.any(Array) },
    ]);
    let opened = 0;
    const openSession = (): Promise<Session> => {
      opened += 1;
      return context.openSession();
    };
    const proof = async () => (await compareColumns({ ...context, openSession }, 'read')).differences;
    expect(await proof()).toEqual([]);
    expect(opened).toBe(1);

    for (const place of PLACES) {
      await client.rows(`update orders set total_new = -1 where n = $1`, [place]);
      expect(await proof()).toMatchObject([{ column: 'total', oldValue: `${place}.50`, newValue: '-1.00' }]);
      await client.rows(`update orders set total_new = total::numeric where n = $1`, [place]);
    }
    await client.rows(`update orders set total_new = -1 where n = any ($1)`, [PLACES]);
    const found = await proof();
    expect(found.length).toBeGreaterThan(0);
    expect(PLACES.map((place) => `${place}.50`)).toEqual(
      expect.arrayContaining(found.map(({ oldValue }) => oldValue)),
    );
  });

  it('fails if the second session cannot be opened', async () => {
    const context = await database.open(change);
    await expand(context);
    await backfill(context);
    await expect(compareColumns({ ...context, openSession: refuseToOpen }, 'read')).rejects.toThrow(
      'too many',
    );
  });
});
