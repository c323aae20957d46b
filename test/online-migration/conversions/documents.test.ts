import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import * as conversions from '../../../src/online-migration/conversions/index.ts';
import {
  conversionTrials,
  type NewValue,
  type OldValue,
  type TriedPair,
} from '../../support/conversion-trial.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';

const { expectForward, expectBackward, expectProperties } = conversionTrials(
  `create domain public.short as text check (char_length(value) <= 3)`,
  `create domain public.tenths as numeric(12,1)`,
);

interface Case extends TriedPair {
  readonly name: string;
  readonly forward: readonly OldValue[];
  readonly backward: readonly NewValue[];
}

const storable = (text: string) => text.replaceAll('\0', '').toWellFormed();
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map(storable),
  fc.string({ maxLength: 12 }).map(storable),
);
/** Mostly texts of the form, and any other ones. */
const mostly = (form: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 5, arbitrary: form }, { weight: 1, arbitrary: anyText });
/** A text of the form with one character replaced. */
const nearly = (form: fc.Arbitrary<string>) =>
  fc
    .tuple(form, fc.nat(40), fc.constantFrom('', ' ', '-', '0', ':', '/', 'g', '"', '\n'))
    .map(([text, place, other]) => text.slice(0, place) + other + text.slice(place + 1));
const texts = (form: fc.Arbitrary<string>) => mostly(fc.oneof(form, nearly(form)));

/** JSON with spaces, repeated keys, escapes, and numbers of any length. */
const json = fc.oneof(
  fc.json(),
  fc.json({ noUnicodeString: false, maxDepth: 2 }).map((text) => ` ${text} `),
  fc.constantFrom(
    String.raw`"\u0000"`,
    String.raw`"\\u0000"`,
    String.raw`"\\\u0000"`,
    String.raw`"\ud83d\ude00"`,
    String.raw`"\ud83d"`,
    String.raw`"\ude00\ud83d"`,
    String.raw`"\ud83d\ud83d\ude00"`,
    String.raw`"\uD83Dx\uDE00"`,
    String.raw`{"\u0000": 1}`,
    String.raw`"\u20ac\u00e4"`,
    '1e400000',
    '1e-400000',
    '1e99999',
    '1e9999',
    '"1e400000"',
    '[1e+00001]',
    '1.0',
    '1.00',
    '-0',
    '{"a":1,"a":2}',
    '{"b":1, "a":  [null]}',
    `[${'9'.repeat(300)}]`,
    `"${'9'.repeat(300)}"`,
    '['.repeat(1500) + ']'.repeat(1500),
    '['.repeat(900) + ']'.repeat(900),
  ),
);
const isJsonb = (text: string) => !/\\u|[0-9]{250}|\[{1000}|e[+-]?\d{4}/i.test(text);
const HEX_DIGITS = Array.from('0123456789abcdefABCDEF');
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...HEX_DIGITS), minLength: length, maxLength: length });
const uuids = fc.oneof(
  fc.uuid(),
  fc.uuid().map((uuid) => uuid.toUpperCase()),
);
const addresses = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.tuple(fc.ipV4(), fc.nat(40)).map(([address, length]) => `${address}/${length}`),
  fc.tuple(fc.ipV6(), fc.nat(140)).map(([address, length]) => `${address}/${length}`),
  fc.constantFrom(
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '1::',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:8',
    '::FFFF:10.0.0.1/96',
    'fe80::1%eth0',
    '010.0.0.1',
    '10.1/16',
  ),
);
const inets = fc.oneof(
  fc.ipV4(),
  fc.tuple(fc.ipV4(), fc.nat(32)).map((both) => both.join('/')),
  fc.ipV6().filter((ip) => !ip.includes('.')),
);
const count = fc.oneof(fc.nat(3), fc.nat(999_999));
const clock = fc
  .tuple(count, fc.nat(59), fc.nat(59), fc.constantFrom('', '.5', '.000001', '.120'))
  .map(
    ([hours, minutes, seconds, fraction]) =>
      `${String(hours).padStart(2, '0')}:${twoDigits(minutes)}:${twoDigits(seconds)}${fraction}`,
  );
const units = fc
  .subarray(['year', 'mons', 'weeks', 'day', 'days', 'hours', 'mins', 'seconds'])
  .chain((names) => fc.tuple(...names.map((name) => count.map((number) => `${number} ${name}`))))
  .map((parts) => parts.join(' '));
const durations = fc.oneof(
  clock,
  units,
  fc.tuple(units, clock).map((both) => both.join(' ')),
  fc.tuple(count, clock).map(([days, time]) => `-${days} days -${time}`),
  fc.tuple(count, count, clock).map(([mons, days, time]) => `-${mons} mons +${days} days ${time}`),
  fc.tuple(count, clock).map(([days, time]) => `-${days} days ${time}`),
  fc.tuple(count, count).map(([days, minutes]) => `P${days}DT${minutes}M`),
  fc.constantFrom(
    'PT0.5S',
    'P',
    'PT',
    'P1Y2M3D',
    '1 day 1 day',
    '1 hour 01:00:00',
    '-1 days 02:00:00',
    'infinity',
  ),
);
const intervals = fc
  .tuple(fc.integer({ min: -30, max: 30 }), fc.integer({ min: -2_000_000, max: 2_000_000 }), fc.integer())
  .chain(([months, days, seconds]) =>
    fc.constantFrom(
      `${months} mons ${days} days ${seconds} secs`,
      `${Math.abs(months)} mons ${Math.abs(days)} days ${Math.abs(seconds % 10_000)} secs 1 us`,
      `${-Math.abs(months)} mons ${-Math.abs(days)} days ${-Math.abs(seconds % 10_000)} secs`,
      `${seconds} secs`,
    ),
  );
const bytes = fc.uint8Array({ maxLength: 90 }).map((array) => Buffer.from(array));
const element = fc.oneof(fc.constant(null), anyText, fc.constantFrom('NULL', '', '{', '"', '\\', ','));
const textArrays = fc.oneof(
  fc.array(element, { maxLength: 4 }).map(arrayLiteral),
  fc.constantFrom('{}', '{{a,b},{c,d}}', '[0:1]={a,b}', '[2:2]={NULL}'),
);
const numberArrays = fc.oneof(
  fc
    .array(fc.oneof(fc.constant(null), fc.integer().map(String), fc.nat(3).map(String)), { maxLength: 4 })
    .map(arrayLiteral),
  fc.constantFrom('{}', '{{1,2},{3,4}}', '[0:1]={1,2}', '{NULL}'),
);

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

function arrayLiteral(elements: readonly (string | null)[]): string {
  const quoted = elements.map((one) =>
    one === null ? 'NULL' : `"${one.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
  );
  return `{${quoted.join(',')}}`;
}

const CASES: (Case & { readonly old: fc.Arbitrary<string>; readonly added: fc.Arbitrary<string> })[] = [
  {
    name: 'jsonToJsonb',
    from: 'json',
    to: 'jsonb',
    conversion: conversions.jsonToJsonb,
    forward: [
      ['{"a": 1}', '{"a": 1}'],
      ['{"b":1,"a":1.00}', '{"a": 1.00, "b": 1}', '{"a": 1.00, "b": 1}'],
      ['{"a":1,"a":2}', '{"a": 2}', '{"a": 2}'],
      [String.raw`"\u0000"`, null],
      [String.raw`"\\u0000"`, String.raw`"\\u0000"`],
      [String.raw`"\\\u0000"`, null],
      [String.raw`"\ud83d\ude00"`, '"😀"', '"😀"'],
      [String.raw`"\ud83d"`, null],
      [String.raw`"\ude00\ud83d"`, null],
      [String.raw`"\u00e4\/"`, '"ä/"', '"ä/"'],
      ['1e400000', null],
      ['"1e400000"', '"1e400000"'],
      ['null', 'null'],
      [`${'['.repeat(2000)}${']'.repeat(2000)}`, null],
    ],
    backward: [['{"a": [1, null]}', '{"a": [1, null]}']],
    old: json,
    added: json.filter(isJsonb),
  },
  {
    name: 'jsonbToJson',
    from: 'jsonb',
    to: 'json',
    conversion: conversions.jsonbToJson,
    forward: [['{"a": 1}', '{"a": 1}']],
    backward: [
      ['{"a": 1}', '{"a": 1}'],
      ['{"a":1}', null],
      [String.raw`"\u0000"`, null],
      ['1e400000', null],
    ],
    old: json.filter(isJsonb),
    added: json,
  },
  {
    name: 'textToJsonb',
    from: 'text',
    to: 'jsonb',
    conversion: conversions.textToJsonb,
    forward: [
      ['{"a": 1}', '{"a": 1}'],
      ['{', null],
      [String.raw`"\u0000"`, null],
    ],
    backward: [['[]', '[]']],
    old: mostly(fc.oneof(json, nearly(json))),
    added: json.filter(isJsonb),
  },
  {
    name: 'jsonbToText',
    from: 'jsonb',
    to: 'text',
    conversion: conversions.jsonbToText,
    forward: [['{"a": 1}', '{"a": 1}']],
    backward: [
      ['{"a":1}', null],
      ['', null],
      ['{"a": 1}', '{"a": 1}'],
    ],
    old: json.filter(isJsonb),
    added: texts(json),
  },
  {
    name: 'textToJson',
    from: 'text',
    to: 'json',
    conversion: conversions.textToJson,
    forward: [
      ['{"a":1, "a" : 2}', '{"a":1, "a" : 2}'],
      ['{', null],
      ['', null],
      [String.raw`"\u0000"`, String.raw`"\u0000"`],
    ],
    backward: [[' [ ]', ' [ ]']],
    old: texts(json),
    added: json,
  },
  {
    name: 'jsonToText',
    from: 'json',
    to: 'text',
    conversion: conversions.jsonToText,
    forward: [['{"a":1}', '{"a":1}']],
    backward: [
      ['{', null],
      ['1', '1'],
    ],
    old: json.filter((text) => !text.includes('['.repeat(1500))),
    added: texts(json),
  },
  {
    name: 'textToUuid',
    from: 'text',
    to: 'uuid',
    conversion: conversions.textToUuid,
    forward: [
      ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
      ['a0eebc999c0b4ef8bb6d6bb9bd380a11', null],
    ],
    backward: [],
    old: texts(uuids),
    added: uuids,
  },
  {
    name: 'uuidToText',
    from: 'uuid',
    to: 'text',
    conversion: conversions.uuidToText,
    forward: [
      [
        'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      ],
    ],
    backward: [
      ['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', null],
      ['', null],
    ],
    old: uuids,
    added: texts(uuids),
  },
  {
    name: 'textToInet',
    from: 'text',
    to: 'inet',
    conversion: conversions.textToInet,
    forward: [
      ['10.0.0.1', '10.0.0.1/32'],
      ['10.0.0.0/8', '10.0.0.0/8'],
      ['10.0.0.1/32', '10.0.0.1/32', '10.0.0.1'],
      ['2001:DB8::0001', '2001:db8::1/128', '2001:db8::1'],
      ['::ffff:127.0.0.1', '::ffff:127.0.0.1/128'],
      ['::', '::/128'],
      ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8/128'],
      ['1::2::3', null],
      ['256.0.0.1', null],
      ['10.0.0.1/33', null],
      ['::1/129', null],
      ['010.0.0.1', null],
      ['10.0.0', null],
      ['localhost', null],
    ],
    backward: [
      ['10.0.0.1', '10.0.0.1'],
      ['10.0.0.1/24', '10.0.0.1/24'],
    ],
    old: texts(addresses),
    added: inets,
  },
  {
    name: 'inetToText',
    from: 'inet',
    to: 'text',
    conversion: conversions.inetToText,
    forward: [
      ['10.0.0.1/32', '10.0.0.1', '10.0.0.1/32'],
      ['::1', '::1', '::1/128'],
    ],
    backward: [
      ['10.0.0.1/32', null],
      ['10.0.0.1', '10.0.0.1/32'],
      ['::01', null],
    ],
    old: inets,
    added: texts(addresses),
  },
  {
    name: "textToBytea('hex')",
    from: 'text',
    to: 'bytea',
    conversion: conversions.textToBytea('hex'),
    forward: [
      ['00ff', '\\x00ff'],
      ['00FF', '\\x00ff', '00ff'],
      ['', '\\x'],
      ['0', null],
      ['\\x00', null],
      ['0g', null],
    ],
    backward: [['\\xdeadbeef', 'deadbeef']],
    old: texts(fc.nat(20).chain((length) => hex(2 * length))),
    added: bytes.map((array) => `\\x${array.toString('hex')}`),
  },
  {
    name: "textToBytea('base64')",
    from: 'text',
    to: 'bytea',
    conversion: conversions.textToBytea('base64'),
    forward: [
      ['AP8=', '\\x00ff'],
      ['AP9=', '\\x00ff', 'AP8='],
      ['AP8', null],
      ['', '\\x'],
      ['A===', null],
      ['AP8=\n', null],
    ],
    backward: [[`\\x${'00'.repeat(60)}`, 'A'.repeat(80)]],
    old: texts(bytes.map((array) => array.toString('base64'))),
    added: bytes.map((array) => `\\x${array.toString('hex')}`),
  },
  {
    name: "byteaToText('base64')",
    from: 'bytea',
    to: 'text',
    conversion: conversions.byteaToText('base64'),
    forward: [['\\x00ff', 'AP8=']],
    backward: [
      ['AP9=', null],
      ['AP8=', '\\x00ff'],
    ],
    old: bytes.map((array) => `\\x${array.toString('hex')}`),
    added: texts(bytes.map((array) => array.toString('base64'))),
  },
  {
    name: 'textToInterval',
    from: 'text',
    to: 'interval',
    conversion: conversions.textToInterval,
    forward: [
      ['1 day 02:00:00', '1 day 02:00:00'],
      ['90 minutes', '01:30:00', '01:30:00'],
      ['-1 days -02:00:00.5', '-1 days -02:00:00.5'],
      ['-1 years -2 mons', '-1 years -2 mons'],
      ['-1 days 02:00:00', null],
      ['1 day -02:00:00', null],
      ['00:00:00', '00:00:00'],
      ['PT30M', '00:30:00', '00:30:00'],
      ['P1Y2M3DT4H5M6.7S', '1 year 2 mons 3 days 04:05:06.7', '1 year 2 mons 3 days 04:05:06.7'],
      ['100:00:00', '100:00:00'],
      ['1 day 1 day', null],
      ['1 hour 01:00:00', null],
      ['P', null],
      ['PT', null],
      ['', null],
      ['1', null],
      ['tomorrow', null],
      ['9999999 days', null],
    ],
    backward: [
      ['1 mon -1 days', null],
      ['1 year', '1 year'],
      ['1000000 days', null],
      ['00:00:00.000001', '00:00:00.000001'],
      ['-24 mons', '-2 years'],
    ],
    old: texts(durations),
    added: intervals,
  },
  {
    name: 'intervalToText',
    from: 'interval',
    to: 'text',
    conversion: conversions.intervalToText,
    forward: [
      ['14 mons 3 days', '1 year 2 mons 3 days', '1 year 2 mons 3 days'],
      ['1 mon -1 days', null],
    ],
    backward: [
      ['1 day', '1 day'],
      ['24 hours', null],
      ['', null],
    ],
    old: intervals,
    added: texts(durations),
  },
  {
    name: 'textArrayToJsonb',
    from: 'text[]',
    to: 'jsonb',
    conversion: conversions.textArrayToJsonb,
    forward: [
      ['{a,NULL,"",NULL}', '["a", null, "", null]'],
      ['{}', '[]'],
      ['{{a},{b}}', null],
      ['[0:1]={a,b}', '["a", "b"]', '{a,b}'],
      ['{"NULL"}', '["NULL"]'],
    ],
    backward: [
      ['["a", 1]', null],
      ['[["a"]]', null],
      ['{}', null],
      ['"a"', null],
      ['null', null],
      ['[]', '{}'],
      ['[null]', '{NULL}'],
    ],
    old: textArrays,
    added: fc.oneof(
      json.filter(isJsonb),
      fc
        .array(fc.oneof(fc.constant(null), anyText, fc.nat(1), fc.constant(['a'])))
        .map((array) => JSON.stringify(array))
        .filter(isJsonb),
    ),
  },
  {
    name: 'jsonbToTextArray',
    from: 'jsonb',
    to: 'text[]',
    conversion: conversions.jsonbToTextArray,
    forward: [
      ['["b", null]', '{b,NULL}'],
      ['[1]', null],
    ],
    backward: [
      ['{{a}}', null],
      ['[0:0]={a}', null],
      ['{a}', '["a"]'],
    ],
    old: fc
      .array(fc.oneof(fc.constant(null), anyText))
      .map((array) => JSON.stringify(array))
      .filter(isJsonb),
    added: textArrays,
  },
  {
    name: 'arrayOf(textToNumeric(12, 2))',
    from: 'text[]',
    to: 'numeric(12,2)[]',
    conversion: conversions.arrayOf(conversions.textToNumeric(12, 2)),
    forward: [
      ['{1.50,NULL}', '{1.50,NULL}'],
      ['{1.5}', '{1.50}', '{1.50}'],
      ['{1.50,x}', null],
      ['{}', '{}'],
      ['{{1.50}}', null],
      ['[2:2]={1.50}', '{1.50}', '{1.50}'],
    ],
    backward: [
      ['{{1.5}}', null],
      ['[2:2]={1.5}', null],
      ['{NaN}', null],
      ['{0.1,NULL}', '{0.10,NULL}'],
    ],
    old: numberArrays,
    added: numberArrays,
  },
  {
    name: 'arrayOf(bigintToInteger)',
    from: 'bigint[]',
    to: 'integer[]',
    conversion: conversions.arrayOf(conversions.bigintToInteger),
    forward: [
      ['{1,2147483648}', null],
      ['{3,2,1}', '{3,2,1}'],
    ],
    backward: [['{NULL,7}', '{NULL,7}']],
    old: numberArrays,
    added: numberArrays,
  },
  {
    name: 'arrayOf(textToTimestamptz)',
    from: 'text[]',
    to: 'timestamptz[]',
    conversion: conversions.arrayOf(conversions.textToTimestamptz),
    forward: [
      ['{"2024-01-01 10:00:00",NULL}', '{"2024-01-01 10:00:00+00",NULL}'],
      ['{now}', null],
    ],
    backward: [['{infinity}', null]],
    old: fc.oneof(textArrays, fc.constant('{"2024-01-01 10:00:00"}')),
    added: fc.constantFrom('{}', '{infinity}', '{"2024-01-01 10:00:00.5+00"}'),
  },
  {
    name: 'intoDomain(varcharToText(5))',
    from: 'varchar(5)',
    to: 'public.short',
    conversion: conversions.intoDomain(conversions.varcharToText(5), 'public.short'),
    forward: [
      ['abc', 'abc'],
      ['abcd', null],
      ["'", "'"],
    ],
    backward: [['abc', 'abc']],
    old: anyText.map((text) => Array.from(text).slice(0, 5).join('')),
    added: anyText.map((text) => Array.from(text).slice(0, 3).join('')),
  },
  {
    name: 'textToNumeric(12, 1) into a domain without checks',
    from: 'text',
    to: 'public.tenths',
    conversion: conversions.textToNumeric(12, 1),
    forward: [
      ['1.5', '1.5'],
      ['1.55', null],
    ],
    backward: [['1.5', '1.5']],
    old: fc.integer().map((tenths) => String(tenths / 10)),
    added: fc.integer().map((tenths) => String(tenths / 10)),
  },
  {
    name: 'numericToText(12, 2)',
    from: 'numeric(12,2)',
    to: 'text',
    conversion: conversions.numericToText(12, 2),
    forward: [
      ['1.5', '1.50', '1.50'],
      ['NaN', null],
    ],
    backward: [
      ['1.5', null],
      ['1.50', '1.50'],
      ['-0.00', null],
    ],
    old: fc.integer().map((cents) => String(cents / 100)),
    added: texts(fc.integer().map((cents) => (cents / 100).toFixed(2))),
  },
  {
    name: 'timestamptzToText(3)',
    from: 'timestamptz(3)',
    to: 'text',
    conversion: conversions.timestamptzToText(3),
    forward: [
      ['2024-01-01 10:00:00.5+00', '2024-01-01 10:00:00.5'],
      ['infinity', null],
    ],
    backward: [
      ['2024-01-01 10:00:00.50', null],
      ['2024-01-01 10:00:00.5', '2024-01-01 10:00:00.5+00'],
      ['now', null],
    ],
    old: fc
      .date({ noInvalidDate: true })
      .map((date) => date.toISOString())
      .filter((text) => !/^[+-]/.test(text) && !text.startsWith('0000')),
    added: texts(
      fc
        .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
        .map((date) => date.toISOString().replace(/T(.*)Z/, ' $1')),
    ),
  },
];

// A server that is too old for a conversion refuses it: refused.matrix.test.ts.
const possible = CASES.filter(({ conversion }) => SERVER_MAJOR >= (conversion.serverVersion ?? 0));

describe.each(possible)('$name', (pair) => {
  it('takes its values there', async () => {
    await expectForward(pair, pair.forward);
  });

  it('takes its values back', async () => {
    await expectBackward(pair, pair.backward);
  });

  it('is faithful for generated values', async () => {
    await expectProperties(pair, pair.old, pair.added);
  });
});
