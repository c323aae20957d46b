import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { defineEntity, p } from '@mikro-orm/core';
import type { Feature } from '../../src/http/feature.ts';
import type { ColumnChange } from '../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { openContext, PHASES } from '../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../support/database-client.ts';
import { scrape } from '../support/scrape.ts';
import { send } from '../support/send.ts';
import { startTestApplication } from '../support/test-application.ts';
import { createTestDatabase } from '../support/test-server.ts';

const change: ColumnChange = {
  table: { schema: 'public', name: 'parcel' },
  key: 'id',
  columns: ['weight', 'height'].map((name) => ({
    from: { name, type: 'integer' },
    to: { name: `${name}_new`, type: 'bigint' },
    conversion: integerToBigint,
  })),
};

const parcel = defineEntity({
  name: 'Parcel',
  tableName: 'parcel',
  properties: { id: p.bigint().primary(), weight: p.bigint('number'), height: p.bigint('number') },
});

const parcels: Feature = {
  changes: [{ change }],
  entities: [parcel],
  loadRoutes: async () => ({
    documentation: { bodies: {}, answers: {}, paths: {} },
    addRoutes: (_, orm) => {
      void once(orm.follower(change), 'switched').then(() => switched.resolve());
    },
  }),
};

const switched = Promise.withResolvers<void>();
const resources = new AsyncDisposableStack();
let url: string;
let client: DatabaseClient;

beforeAll(async () => {
  ({ url } = resources.use(await createTestDatabase()));
  client = resources.use(await connect(url));
  await client.rows(
    `create table parcel (id bigint primary key, weight integer not null, height integer not null)`,
  );
});
afterAll(() => resources.disposeAsync());

it('the status, the metrics and the pinned column are of all columns of a change', async () => {
  await using api = await startTestApplication(url, {}, [parcels]);
  await using staying = await startTestApplication(url, { activeColumn: 'height' }, [parcels]);
  const status = async (of: typeof api) => JSON.parse((await send(`${of.url}/status`)).text).changes;
  expect(await status(api)).toMatchObject([
    { change: 'public.parcel.weight,height', stage: 'initial', activeColumn: 'weight, height' },
  ]);
  await using context = await openContext(url, change);
  for (const phase of PHASES.up.slice(0, 3)) await phase(context);
  await switched.promise;
  expect(await status(api)).toMatchObject([{ stage: 'enforced', activeColumn: 'weight_new, height_new' }]);
  expect(await status(staying)).toMatchObject([{ stage: 'enforced', activeColumn: 'weight, height' }]);
  const samples = await scrape(api.url);
  const active = [...samples].filter(([name]) => name.startsWith('column_change_active_column{'));
  expect(active).toEqual(
    ['weight_new', 'height_new'].map((column) => [
      `column_change_active_column{change="public.parcel.weight,height",form="new",column="${column}"}`,
      1,
    ]),
  );
});
