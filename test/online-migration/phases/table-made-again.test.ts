import { expect, it } from '@jest/globals';
import { readBackfillProgress } from '../../../src/online-migration/backfill/plan/progress.ts';
import { changedColumnOf } from '../../support/changed-column.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { rename } from '../../../src/online-migration/phases/rename.ts';
import type { PhaseFunction } from '../../support/change-cycle.ts';
import {
  runPhases,
  createOrders,
  customerChange,
  fillOrders,
  mappings,
  openOrm,
  revertContractHalfWay,
  TO_CONTRACTED,
} from '../../support/changing-orders.ts';
import { connect } from '../../support/database-client.ts';

it.each<[string, PhaseFunction[]]>([
  ['backfilled', [expand, backfill]],
  ['contracted', TO_CONTRACTED],
  ['half-way back from contracted', [...TO_CONTRACTED, revertContractHalfWay]],
])('a table that was dropped when it was %s, and made again, can be changed', async (_stage, phases) => {
  await using database = await createOrders();
  await runPhases(database.url, [customerChange], phases);
  await using orm = await openOrm(database.url, mappings.old);
  await orm.schema.refresh();
  await using client = await connect(database.url);
  await fillOrders(client);
  await runPhases(database.url, [customerChange], [expand]);
  expect(await readBackfillProgress(client, changedColumnOf(customerChange))).toBeNull();
  await runPhases(database.url, [customerChange], [backfill, enforce, contract, rename]);
  expect(await client.rows(`select number, customer_id from orders order by number`)).toEqual([
    { number: 1, customer_id: '1' },
    { number: 2, customer_id: '1' },
  ]);
});
