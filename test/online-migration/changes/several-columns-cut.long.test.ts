import { afterEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { readStage } from '../../../src/online-migration/observation/stage.ts';
import { phasesOf } from '../../../src/online-migration/phases/phases.ts';
import { partChange, PART_TABLE } from '../../support/parts/part-change.ts';
import type { PhaseFunction } from '../../support/change-cycle.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { readViewCatalog } from '../../support/view-snapshot.ts';

/** Queries between two cuts. */
const STEP = 23;
const LIMIT_MS = 600_000;

const database = databasePerFile(...PART_TABLE);
const { client } = database;

const sendQuery = Reflect.get(Client.prototype, 'query') as (...values: unknown[]) => unknown;
afterEach(() => void Reflect.set(Client.prototype, 'query', sendQuery));

/** The session of a phase. The test has sessions of its own. */
type Cuttable = Client & {
  readonly connection: { readonly stream: { destroy(): void } };
  readonly connectionParameters: { readonly application_name: string };
};

/**
 * Runs a phase, and cuts its connection in place of one of its queries.
 * @returns whether it had so many queries
 */
async function runUntilCut(phase: PhaseFunction, query: number): Promise<boolean> {
  await using context = await database.open(partChange);
  let sent = 0;
  const cutting = function (this: Cuttable, ...values: unknown[]) {
    if (this.connectionParameters.application_name === 'online-migration test' && (sent += 1) === query)
      this.connection.stream.destroy();
    return Reflect.apply(sendQuery, this, values);
  };
  Reflect.set(Client.prototype, 'query', cutting);
  try {
    await phase(context);
    return sent >= query;
  } catch (error) {
    if (sent < query) throw error;
    return true;
  } finally {
    Reflect.set(Client.prototype, 'query', sendQuery);
  }
}

/** The values of all rows. After contract, the columns have their interim names. */
async function rows(): Promise<unknown[]> {
  const isInterim = await client.value<boolean>(`
    select not exists (select from pg_attribute where attrelid = 'part'::regclass and attname = 'Low')`);
  const of = (name: string) => `"${name}${isInterim ? '_new' : ''}"`;
  return client.rows(`
    select id, ${of('Low')}::text as low, ${of('high')}::text as high, ${of('price')}::text as price,
      ${of('made_at')}::timestamp::text as made_at, ${of('seen_at')}::timestamp::text as seen_at
    from part order by id`);
}

const run = (phase: PhaseFunction) => database.runPhases(partChange, [phase]);

describe('a change of several columns whose connection is cut', () => {
  it(
    'goes on at every place of every phase, up and back',
    async () => {
      await client.rows(`set time zone 'UTC'`);
      const before = {
        schema: await readSchema(client),
        views: await readViewCatalog(client),
        rows: await rows(),
      };
      const phases = phasesOf(partChange);
      const moves = [
        ...phases.map(({ up, down, to }) => ({ there: up, back: down, end: to })),
        ...phases.toReversed().map(({ up, down, from }) => ({ there: down, back: up, end: from })),
      ];
      let cuts = 0;
      for (const { there, back, end } of moves) {
        for (let query = 1; await runUntilCut(there, query); query += STEP) {
          cuts += 1;
          // A connection can be cut right after the last commit.
          if ((await readStage(client, partChange)) !== end) await run(there);
          expect(await rows()).toEqual(before.rows);
          await run(back);
        }
      }
      expect(cuts).toBeGreaterThan(3 * moves.length);
      expect(await readSchema(client)).toEqual(before.schema);
      expect(await readViewCatalog(client)).toEqual(before.views);
      expect(await rows()).toEqual(before.rows);
    },
    LIMIT_MS,
  );
});
