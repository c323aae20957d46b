import { afterAll, beforeAll, expect } from '@jest/globals';
import * as fc from 'fast-check';
import { escapeLiteral } from 'pg';
import { changedColumnOf } from './changed-column.ts';
import type { Conversion } from '../../src/online-migration/change/column-change.ts';
import { faithfulConversion } from '../../src/online-migration/sync/faithful-conversion.ts';
import { changeOf } from './change-of.ts';
import { connect, type DatabaseClient } from './database-client.ts';
import { SEED, seededRandom } from './seeded-random.ts';
import { createTestDatabase } from './test-server.ts';

/** Settings under which the values are written and read by the test. */
const NEUTRAL: Readonly<Record<string, string>> = {
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  search_path: 'public',
};
/** Settings under which the functions are created and run, and a careless conversion gives something else. */
const HOSTILE: Readonly<Record<string, string>> = {
  timezone: 'America/New_York',
  datestyle: 'SQL, DMY',
  intervalstyle: 'sql_standard',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  standard_conforming_strings: 'off',
  search_path: 'hostile, pg_catalog',
};
const VALUES_PER_RUN = 150;
const RUNS = 4;

/** A pair of types with its conversion. */
export interface TriedPair {
  readonly from: string;
  readonly to: string;
  readonly conversion: Conversion;
}

/** An old value, its new value, and the value of the way back if it is not the old one; all as texts. */
export type OldValue = readonly [old: string, added: string | null, back?: string | null];
/** A new value and its old value. */
export type NewValue = readonly [added: string, old: string | null];

interface Converted {
  readonly value: string;
  readonly result: string | null;
  readonly bulk: string | null;
  readonly back: string | null;
  readonly again: string | null;
  readonly is_same: boolean;
}

/** Tries conversions in one database for all tests of a file, on one connection. */
export interface ConversionTrials {
  /** Old values convert as given. */
  readonly expectForward: (pair: TriedPair, values: readonly OldValue[]) => Promise<void>;
  /** New values convert as given. */
  readonly expectBackward: (pair: TriedPair, values: readonly NewValue[]) => Promise<void>;
  /**
   * Generated values raise no error, in both directions; forwardInBulk gives the same; a value that goes to the other
   * type and back again is still the same.
   */
  readonly expectProperties: (
    pair: TriedPair,
    old: fc.Arbitrary<string>,
    added: fc.Arbitrary<string>,
  ) => Promise<void>;
}

/** @param setup statements that run once: extensions and types */
export function conversionTrials(...setup: readonly string[]): ConversionTrials {
  const resources = new AsyncDisposableStack();
  let client: DatabaseClient;
  const made = new Map<TriedPair, Promise<string>>();
  beforeAll(async () => {
    const database = resources.use(await createTestDatabase());
    client = resources.use(await connect(database.url));
    await client.rows(`create schema hostile`);
    await client.rows(
      `create function hostile.always(text, text) returns boolean language sql immutable as 'select true'`,
    );
    await client.rows(
      `create operator hostile.~ (leftarg = text, rightarg = text, function = hostile.always)`,
    );
    for (const statement of setup) await client.rows(statement);
  });
  afterAll(() => resources.disposeAsync());

  const settings = (values: Readonly<Record<string, string>>) =>
    client.rows(
      `select ${Object.entries(values)
        .map(([name, value]) => `set_config('${name}', '${value}', false)`)
        .join(', ')}`,
    );

  /** Creates the functions of the pair, as the package does. @returns their schema */
  const schemaOf = (pair: TriedPair) => {
    const schema = made.get(pair) ?? create(pair, `trial_${made.size}`);
    made.set(pair, schema);
    return schema;
  };
  const create = async ({ from, to, conversion }: TriedPair, schema: string) => {
    const change = changedColumnOf(changeOf('thing.value', { from, to, conversion }));
    await settings(NEUTRAL);
    const { forward, forwardInBulk = forward, backward } = await faithfulConversion(client, change);
    if (backward === undefined) throw new Error('The conversion has no way back.');
    await client.rows(`create schema ${schema}`);
    await settings({ ...HOSTILE, search_path: 'public' });
    for (const [name, expression, input, output] of [
      ['forward', forward('value'), from, to],
      ['forward_in_bulk', forwardInBulk('value'), from, to],
      ['backward', backward('value'), to, from],
    ] as const) {
      await client.rows(
        `create function ${schema}.${name}(value ${input}) returns ${output} language sql stable parallel safe return ${expression}`,
      );
    }
    await settings(NEUTRAL);
    for (const [name, type, other] of [
      ['old', from, to],
      ['added', to, from],
    ] as const) {
      await client.rows(
        `create unlogged table ${schema}.${name} (n int, value ${type}, result ${other}, bulk ${other}, back ${type}, again ${other})`,
      );
    }
    return schema;
  };

  const convert = async (pair: TriedPair, side: 'old' | 'added', texts: readonly string[]) => {
    const schema = await schemaOf(pair);
    const table = `${schema}.${side}`;
    const [type, there, inBulk, back] =
      side === 'old'
        ? [pair.from, 'forward', 'forward_in_bulk', 'backward']
        : [pair.to, 'backward', 'backward', 'forward'];
    await settings(NEUTRAL);
    await client.rows(`truncate ${table}`);
    await client.rows(
      `insert into ${table} (n, value) select n, text::${type} from unnest($1::text[]) with ordinality as given (text, n)`,
      [texts],
    );
    await settings(HOSTILE);
    const name = (one: string) => `${schema}.${one}`;
    await client.rows(
      `update ${table} set result = ${name(there)}(value), bulk = ${name(inBulk)}(value),
        back = ${name(back)}(${name(there)}(value)), again = ${name(there)}(${name(back)}(${name(there)}(value)))`,
    );
    await settings(NEUTRAL);
    const comparable = type.startsWith('json') && type !== 'jsonb' ? '::text' : '';
    return client.rows<Converted & Record<string, unknown>>(
      `select value::text, result::text, bulk::text, back::text, again::text, back${comparable} is not distinct from value${comparable} as is_same from ${table} order by n`,
    );
  };

  /** The planner computes constants in advance. */
  const expectSameOfConstants = async (
    pair: TriedPair,
    side: 'old' | 'added',
    converted: readonly Converted[],
  ) => {
    const [type, name] = side === 'old' ? [pair.from, 'forward'] : [pair.to, 'backward'];
    const schema = await schemaOf(pair);
    for (const { value, result } of converted) {
      expect({
        value,
        result: await client.value(`select ${schema}.${name}(${escapeLiteral(value)}::${type})::text`),
      }).toEqual({ value, result });
    }
  };

  return {
    expectForward: async (pair, values) => {
      const rows = await convert(
        pair,
        'old',
        values.map(([old]) => old),
      );
      expect(rows.map(({ result, back }, place) => [values[place]![0], result, back])).toEqual(
        values.map(([old, added, back = added === null ? null : old]) => [old, added, back]),
      );
      expectFaithful(rows, 'old');
      await expectSameOfConstants(pair, 'old', rows);
    },
    expectBackward: async (pair, values) => {
      const rows = await convert(
        pair,
        'added',
        values.map(([added]) => added),
      );
      expect(rows.map(({ result }, place) => [values[place]![0], result])).toEqual(values);
      expectFaithful(rows, 'added');
      await expectSameOfConstants(pair, 'added', rows);
    },
    expectProperties: async (pair, old, added) => {
      const seed = Math.floor(seededRandom(`${SEED} ${pair.from} to ${pair.to}`)() * 2 ** 31);
      for (const [side, values] of [
        ['old', old],
        ['added', added],
      ] as const) {
        let converted = 0;
        await fc.assert(
          fc.asyncProperty(
            fc.array(values, { minLength: 1, maxLength: VALUES_PER_RUN, size: 'max' }),
            async (texts) => {
              const rows = await convert(pair, side, texts);
              converted += rows.filter(({ result }) => result !== null).length;
              expectFaithful(rows, side);
            },
          ),
          { seed, numRuns: RUNS },
        );
        // Otherwise the properties would hold for a conversion that rejects everything.
        expect({ side, hasConverted: converted > 0 }).toEqual({ side, hasConverted: true });
      }
    },
  };
}

/** A value that goes to the other type and back again is still the same, unless it has no equal there. */
function expectFaithful(rows: readonly Converted[], side: 'old' | 'added'): void {
  const wrong =
    side === 'old'
      ? rows.filter(({ result, bulk, back, again }) => bulk !== result || (back !== null && again !== result))
      : rows.filter(({ result, is_same: isSame }) => result !== null && !isSame);
  expect(wrong).toEqual([]);
}
