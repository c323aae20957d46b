import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { knownConversion } from '../../../src/online-migration/new-change/pairs/known-conversions.ts';
import { canonicalType } from '../../../src/online-migration/new-change/table-facts.ts';
import { describeFrom } from '../../support/server-major.ts';
import { adminClient } from '../../support/test-server.ts';

const DETAILS = { labels: [], zone: 'Europe/Berlin' };

/** Pairs of types as people write them, and the conversion that `new` writes for them. */
const PAIRS: [from: string, to: string, expression: string][] = [
  ['timestamp', 'timestamptz', 'timestampToTimestamptz("Europe/Berlin")'],
  ['timestamp(6)', 'timestamptz', 'timestampToTimestamptz("Europe/Berlin")'],
  ['timestamp(3)', 'timestamptz(3)', 'timestampToTimestamptz("Europe/Berlin")'],
  [
    'timestamp(3) without time zone',
    'timestamptz',
    'timestampToTimestamptz("Europe/Berlin", { old: 3, new: 6 })',
  ],
  ['timestamp', 'timestamp(0) with time zone', 'timestampToTimestamptz("Europe/Berlin", { old: 6, new: 0 })'],
  ['varchar(50)', 'timestamptz', 'textToTimestamptz'],
  ['char(19)', 'timestamptz(0)', 'textToTimestamptzOf(0)'],
  ['text', 'timestamptz(3)', 'textToTimestamptzOf(3)'],
  ['character varying(4)', 'decimal(12,2)', 'textToNumeric(12, 2)'],
  ['varchar(20)', 'numeric(9)', 'textToNumeric(9, 0)'],
  ['char(12)', 'dec(9,3)', 'textToNumeric(9, 3)'],
  ['varchar', 'uuid', 'textToUuid'],
  ['char(40)', 'uuid', 'textToUuid'],
  ['varchar(10)', 'text', 'varcharToText(10)'],
  ['char(10)', 'text', 'charToText(10)'],
  ['bpchar(3)', 'text', 'charToText(3)'],
  ['bool', 'varchar(5)', "booleanToText({ true: 'true', false: 'false' })"],
  ['int', 'int8', 'integerToBigint'],
  ['int2', 'int4', 'smallintToInteger'],
  ['smallint', 'bigint', 'smallintToBigint'],
  ['int', 'smallint', 'integerToSmallint'],
  ['bigint', 'int2', 'bigintToSmallint'],
  ['int8', 'int', 'bigintToInteger'],
  ['int2', 'numeric', 'smallintToNumeric()'],
  ['int', 'decimal(12,2)', 'integerToNumeric(12, 2)'],
  ['bigint', 'numeric(9)', 'bigintToNumeric(9, 0)'],
  ['numeric(12,2)', 'smallint', 'numericToSmallint(12, 2)'],
  ['numeric', 'int', 'numericToInteger()'],
  ['dec(10)', 'bigint', 'numericToBigint(10, 0)'],
  ['real', 'numeric(12,2)', 'realToNumeric(12, 2)'],
  ['float8', 'numeric', 'doubleToNumeric()'],
  ['float(53)', 'decimal(12,2)', 'doubleToNumeric(12, 2)'],
  ['money', 'numeric(14,2)', 'moneyToNumeric(14, 2)'],
  ['timestamptz', 'timestamp(0)', 'timestamptzToTimestamp("Europe/Berlin", { old: 6, new: 0 })'],
  ['timestamptz(3)', 'timestamp(3)', 'timestamptzToTimestamp("Europe/Berlin")'],
  ['date', 'timestamp', 'dateToTimestamp'],
  ['timestamp(3)', 'date', 'timestampToDate'],
  ['date', 'timestamptz', 'dateToTimestamptz("Europe/Berlin")'],
  ['timestamptz', 'date', 'timestamptzToDate("Europe/Berlin")'],
  ['bigint', 'timestamptz', 'epochToTimestamptz("s")'],
  ['int', 'timestamptz(0)', 'epochToTimestamptz("s", { type: "integer", precision: 0 })'],
  ['timestamptz(3)', 'bigint', 'timestamptzToEpoch("ms", { precision: 3 })'],
  ['timestamptz', 'int8', 'timestamptzToEpoch("us")'],
  ['timestamptz(0)', 'int', 'timestamptzToEpoch("s", { type: "integer", precision: 0 })'],
  ['text', 'varchar(10)', 'textToVarchar(10)'],
  ['text', 'char(10)', 'textToChar(10)'],
  ['varchar(10)', 'varchar(5)', 'varcharToVarchar(10, 5)'],
  ['character varying(5)', 'char(10)', 'varcharToChar(5, 10)'],
  ['char(5)', 'varchar(10)', 'charToVarchar(5, 10)'],
  ['bpchar(5)', 'character(10)', 'charToChar(5, 10)'],
  ['int', 'bool', 'integerToBoolean'],
  ['int2', 'boolean', 'smallintToBoolean'],
  ['bool', 'int4', 'booleanToInteger'],
  ['bool', 'smallint', 'booleanToSmallint'],
  ['varchar(5)', 'boolean', "textToBoolean({ true: 'true', false: 'false' })"],
  ['numeric(12,2)', 'varchar(20)', 'numericToText(12, 2)'],
  ['uuid', 'text', 'uuidToText'],
  ['uuid', 'char(36)', 'uuidToText'],
  ['timestamptz(3)', 'text', 'timestamptzToText(3)'],
  ['timestamptz', 'varchar(30)', 'timestamptzToText(6)'],
  ['json', 'jsonb', 'jsonToJsonb'],
  ['jsonb', 'json', 'jsonbToJson'],
  ['text', 'inet', 'textToInet'],
  ['inet', 'varchar(45)', 'inetToText'],
  ['text', 'bytea', 'textToBytea("hex")'],
  ['bytea', 'text', 'byteaToText("hex")'],
  ['varchar(8)', 'interval', 'textToInterval'],
  ['interval', 'text', 'intervalToText'],
  ['text[]', 'jsonb', 'textArrayToJsonb'],
  ['jsonb', 'text[]', 'jsonbToTextArray'],
  ['int[]', 'bigint[]', 'arrayOf(integerToBigint)'],
  ['varchar(12)[]', 'numeric(8,2)[]', 'arrayOf(textToNumeric(8, 2))'],
];

/** Earlier servers cannot check JSON without raising an error. */
const JSON_PAIRS: [from: string, to: string, expression: string][] = [
  ['varchar(2)', 'jsonb', 'textToJsonb'],
  ['char', 'jsonb', 'textToJsonb'],
  ['jsonb', 'varchar(20)', 'jsonbToText'],
  ['text', 'json', 'textToJson'],
  ['json', 'text', 'jsonToText'],
];

/** Pairs of which no value, or not every one, could be written. */
const REFUSED: [from: string, to: string, reason: string | null][] = [
  [
    'varchar(35)',
    'uuid',
    'A uuid has at least 36 characters as a text, and character varying(35) takes no such text',
  ],
  [
    'char(18)',
    'timestamptz',
    'A timestamptz has at least 19 characters as a text, and character(18) takes no such text',
  ],
  [
    'varchar(3)',
    'numeric(5,2)',
    'A numeric(5,2) has at least 4 characters as a text, and character varying(3) takes no such text',
  ],
  ['boolean', 'varchar(4)', 'character varying(4) has no room for the texts true and false'],
  [
    'text',
    'numeric(300,2)',
    'textToNumeric(300, 2): give whole numbers with 1 ≤ precision ≤ 255 and 0 ≤ scale ≤ precision',
  ],
  ['boolean', 'char(4)', 'character(4) has no room for the texts true and false'],
  [
    'uuid',
    'varchar(35)',
    'A uuid has at least 36 characters as a text, and character varying(35) takes no such text',
  ],
  ['text', 'numeric', 'Texts need a numeric with a precision and a scale, such as numeric(12,2)'],
  ['numeric(2,2)', 'integer', 'A number of numeric(2,2) has no digit before the point'],
  ['time(3)', 'timetz(3)', null],
  ['int4range', 'text', null],
  ['time[]', 'interval[]', null],
  ['timestamptz(3)', 'timestamptz(0)', null],
];

let client: Awaited<ReturnType<typeof adminClient>>;
beforeAll(async () => {
  client = await adminClient();
});
afterAll(async () => client[Symbol.asyncDispose]());

async function choose(from: string, to: string) {
  const types = [await canonicalType(client, from), await canonicalType(client, to)] as const;
  return knownConversion(types[0]!, types[1]!, DETAILS);
}

/** The conversion is the expected one, and takes the values that belong to it there and back. */
async function expectConversion(from: string, to: string, expression: string): Promise<void> {
  const chosen = await choose(from, to);
  expect(chosen).toMatchObject({ expression });
  if (chosen === null || typeof chosen === 'string') throw new Error('unreachable');
  expect(chosen.expression).toContain(chosen.name);
  const { forward, backward } = chosen.conversion;
  if (backward === 'not reversible') throw new Error('unreachable');
  const [old, added] = [chosen.value.old, chosen.value.new].map((sql) => sql.replaceAll('${n}', 'n'));
  // Uses columns, because a cast truncates values that a column rejects.
  await client.query(
    `drop table if exists pair; create temp table pair (n bigint, old_value ${from}, new_value ${to})`,
  );
  await client.query(
    `insert into pair select n, ${old}, ${added} from generate_series(1, 2000000, 999) as n`,
  );
  const { rows } = await client.query(`
    select * from pair
    where (${forward('old_value')})::text is distinct from new_value::text
      or (${backward('new_value')})::text is distinct from old_value::text
    limit 5`);
  expect(rows).toEqual([]);
}

describeFrom(16, 'the conversion to jsonb that `new` chooses', () => {
  it.each(JSON_PAIRS)('from %s to %s is %s, and takes its values there and back', expectConversion);
});

describe('the conversion that `new` chooses', () => {
  it.each(PAIRS)('from %s to %s is %s, and takes its values there and back', expectConversion);

  it.each(REFUSED)('is none from %s to %s', async (from, to, reason) => {
    expect(await choose(from, to)).toBe(reason);
  });

  it('is none for a label that is longer than the text', async () => {
    const labels = ['shipped', 'on its way'];
    const chosen = (length: number) =>
      knownConversion(`character varying(${length})`, 'public.state', { ...DETAILS, labels });
    expect(chosen(6)).toBe('character varying(6) has no room for a label of public.state');
    expect(chosen(7)).toMatchObject({ name: 'textToEnum' });
  });
});

describe('the conversion that `new` chooses for a type of the database', () => {
  const old = { ...DETAILS, oldLabels: ['glad', 'sad'] };

  it.each([
    ['public.mood', 'text', old, 'enumToText("public.mood", ["glad","sad"])'],
    [
      'public.mood',
      'shop.state',
      { ...old, labels: ['sad', 'new'] },
      'enumToEnum({ type: "public.mood", labels: ["glad","sad"] }, { type: "shop.state", labels: ["sad","new"] })',
    ],
    ['text', 'public.citext', DETAILS, 'textToCitext("public.citext")'],
    ['"Own".citext', 'character varying(9)', DETAILS, String.raw`citextToVarchar("\"Own\".citext", 9)`],
    [
      'bigint',
      'timestamp with time zone',
      { ...DETAILS, epochUnit: 'ms' as const },
      'epochToTimestamptz("ms")',
    ],
  ])('from %s to %s is the right one', (from, to, details, expression) => {
    expect(knownConversion(from, to, details)).toMatchObject({ expression });
  });

  it('is none for two enums without a label in common', () => {
    expect(knownConversion('public.mood', 'shop.state', { ...old, labels: ['new'] })).toBe(
      'public.mood and shop.state have no label in common',
    );
  });
});

describe('a type as the catalog writes it', () => {
  it.each([
    ['decimal', 'numeric'],
    ['numeric( 12 , 2 )', 'numeric(12,2)'],
    ['dec(12)', 'numeric(12,0)'],
    ['char', 'character(1)'],
    ['TIMESTAMP (3)', 'timestamp(3) without time zone'],
    ['timestamptz(3)', 'timestamp(3) with time zone'],
    ['time(0)', 'time(0) without time zone'],
    ['interval(3)', 'interval(3)'],
    ['varchar(10)[]', 'character varying(10)[]'],
    ['bit', 'bit(1)'],
    ['text; drop table x', null],
    ['(3)', null],
    ['no_such_type(3)', null],
  ])('%s is %s', async (type, written) => {
    expect(await canonicalType(client, type).catch(() => null)).toBe(written);
  });
});
