import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Conversion } from '../../../src/online-migration/change/column-change.ts';
import { charToText } from '../../../src/online-migration/conversions/texts/char-to-text.ts';
import { textToTimestamptzOf } from '../../../src/online-migration/conversions/times/text-to-timestamptz.ts';
import { timestampToTimestamptz } from '../../../src/online-migration/conversions/times/timestamp-to-timestamptz.ts';
import { adminClient } from '../../support/test-server.ts';

let client: Awaited<ReturnType<typeof adminClient>>;
beforeAll(async () => {
  client = await adminClient();
});
afterAll(async () => client[Symbol.asyncDispose]());

/** The text of a value after an expression over a literal has been stored in a column of the type. */
async function stored(expression: (value: string) => string, literal: string, type: string) {
  await client.query(`create temp table stored (value ${type})`);
  await client.query(`insert into stored select ${expression('v')} from (select ${literal} as v) as input`);
  const { rows } = await client.query<{ value: string | null }>(`select value::text from stored`);
  await client.query(`drop table stored`);
  return rows[0]!.value;
}

const toFewer: Conversion = timestampToTimestamptz('UTC', { old: 6, new: 3 });
const there = (column: string) => `(${toFewer.forward(column)}) at time zone 'UTC'`;
const toMore: Conversion = timestampToTimestamptz('UTC', { old: 3, new: 6 });

describe('a value with more digits than the other column keeps', () => {
  it.each([
    ['2024-01-01 10:00:00.123', '2024-01-01 10:00:00.123'],
    ['2024-01-01 10:00:00', '2024-01-01 10:00:00'],
    ['2024-01-01 10:00:00.1234', null],
    ['2024-01-01 10:00:59.999999', null],
    ['infinity', 'infinity'],
  ])('%s is a reject, or the same', async (value, expected) => {
    expect(await stored(there, `timestamp '${value}'`, 'timestamp')).toBe(expected);
    const { backward } = toMore;
    if (backward === 'not reversible') throw new Error('unreachable');
    expect(await stored(backward, `timestamp '${value}' at time zone 'UTC'`, 'timestamp(3)')).toBe(expected);
  });

  it.each([
    [0, '2024-01-01 10:00:00', true],
    [0, '2024-01-01 10:00:00.000', true],
    [0, '2024-01-01 10:00:00.5', false],
    [3, '2024-01-01 10:00:00.5', true],
    [3, '2024-01-01 10:00:00.123000', true],
    [3, '2024-01-01 10:00:00.1230000', false],
    [3, '2024-01-01 10:00:00.1234', false],
    [6, '2024-01-01 10:00:00.123456', true],
  ])('with %i digits, the text %s converts: %s', async (precision, text, converts) => {
    const { forward, forwardInBulk } = textToTimestamptzOf(precision);
    const { rows } = await client.query<{ one: boolean; many: boolean }>(
      `select ${forward('v')} is not null as one, ${forwardInBulk!('v')} is not null as many from (select '${text}'::text as v) as t`,
    );
    expect(rows[0]).toEqual({ one: converts, many: converts });
  });

  it.each([
    ['ab', true],
    ['', true],
    ['abc ', false],
    ['abcd', false],
  ])('the text %j has an equal char(3): %s', async (text, has) => {
    const { backward } = charToText(3);
    if (backward === 'not reversible') throw new Error('unreachable');
    expect((await stored(backward, `'${text}'::text`, 'char(3)')) !== null).toBe(has);
  });
});
