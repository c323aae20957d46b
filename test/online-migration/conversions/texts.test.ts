import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import * as conversions from '../../../src/online-migration/conversions/index.ts';
import {
  conversionTrials,
  type NewValue,
  type OldValue,
  type TriedPair,
} from '../../support/conversion-trial.ts';

const CITEXT = 'public.citext';
const COLORS = ['red', 'Green', `it's "blue"`];
const SHADES = ['Green', 'pink', `it's "blue"`, 'back\\slash'];
const quoted = (labels: readonly string[]) =>
  labels.map((label) => `'${label.replaceAll("'", "''")}'`).join(', ');

const { expectForward, expectBackward, expectProperties } = conversionTrials(
  `create extension citext schema public`,
  `create type public.color as enum (${quoted(COLORS)})`,
  `create type public.shade as enum (${quoted(SHADES)})`,
);

interface Case extends TriedPair {
  readonly name: string;
  readonly forward: readonly OldValue[];
  readonly backward: readonly NewValue[];
}

/** All characters but the one that PostgreSQL does not store, and halves of surrogate pairs. */
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }).map(storable),
  fc.string({ maxLength: 8 }).map(storable),
  fc.constantFrom('', ' ', 'a ', ' a', 'A', 'a', 'ä', 'ﬁ', '\\', "'", 'yes', 'no', ...COLORS, ...SHADES),
);

function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

const short = (length: number) => texts.map((text) => Array.from(text).slice(0, length).join(''));
const integers = fc.integer({ min: -3, max: 3 }).map(String);

const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  text: texts,
  [CITEXT]: texts,
  varchar: texts,
  'varchar(3)': short(3),
  'varchar(5)': short(5),
  'char(3)': short(3),
  'char(5)': short(5),
  'public.color': fc.constantFrom(...COLORS),
  'public.shade': fc.constantFrom(...SHADES),
  boolean: fc.constantFrom('true', 'false'),
  integer: integers,
  smallint: integers,
};

const CASES: Case[] = [
  {
    name: 'textToVarchar',
    from: 'text',
    to: 'varchar(3)',
    conversion: conversions.textToVarchar(3),
    forward: [
      ['abc', 'abc'],
      ['ab ', 'ab '],
      ['abc ', null],
      ['äöü', 'äöü'],
      ['', ''],
    ],
    backward: [['ab ', 'ab ']],
  },
  {
    name: 'textToChar',
    from: 'text',
    to: 'char(3)',
    conversion: conversions.textToChar(3),
    forward: [
      ['ab', 'ab'],
      ['ab ', null],
      ['abcd', null],
      ['', ''],
    ],
    backward: [['ab', 'ab']],
  },
  {
    name: 'varcharToText',
    from: 'varchar(3)',
    to: 'text',
    conversion: conversions.varcharToText(3),
    forward: [['ab ', 'ab ']],
    backward: [
      ['abcd', null],
      ['abc', 'abc'],
    ],
  },
  {
    name: 'charToText',
    from: 'char(3)',
    to: 'text',
    conversion: conversions.charToText(3),
    forward: [['ab', 'ab']],
    backward: [
      ['ab ', null],
      ['abcd', null],
    ],
  },
  {
    name: 'varcharToVarchar',
    from: 'varchar(5)',
    to: 'varchar(3)',
    conversion: conversions.varcharToVarchar(5, 3),
    forward: [
      ['abc', 'abc'],
      ['abcd', null],
    ],
    backward: [['abc', 'abc']],
  },
  {
    name: 'varcharToChar',
    from: 'varchar(3)',
    to: 'char(5)',
    conversion: conversions.varcharToChar(3, 5),
    forward: [
      ['abc', 'abc'],
      ['a ', null],
    ],
    backward: [
      ['abcd', null],
      ['abc', 'abc'],
    ],
  },
  {
    name: 'charToVarchar',
    from: 'char(5)',
    to: 'varchar(3)',
    conversion: conversions.charToVarchar(5, 3),
    forward: [
      ['abc', 'abc'],
      ['abcd', null],
    ],
    backward: [['a ', null]],
  },
  {
    name: 'charToChar',
    from: 'char(3)',
    to: 'char(5)',
    conversion: conversions.charToChar(3, 5),
    forward: [['abc', 'abc']],
    backward: [['abcd', null]],
  },
  {
    name: 'textToCitext',
    from: 'text',
    to: CITEXT,
    conversion: conversions.textToCitext(CITEXT),
    forward: [
      ['Ab', 'Ab'],
      ['', ''],
    ],
    backward: [['aB ', 'aB ']],
  },
  {
    name: 'varcharToCitext',
    from: 'varchar(3)',
    to: CITEXT,
    conversion: conversions.varcharToCitext(3, CITEXT),
    forward: [['Ab', 'Ab']],
    backward: [['abcd', null]],
  },
  {
    name: 'charToCitext',
    from: 'char(3)',
    to: CITEXT,
    conversion: conversions.charToCitext(3, CITEXT),
    forward: [['Ab', 'Ab']],
    backward: [
      ['Ab ', null],
      ['abcd', null],
    ],
  },
  {
    name: 'citextToText',
    from: CITEXT,
    to: 'text',
    conversion: conversions.citextToText(CITEXT),
    forward: [['Ab', 'Ab']],
    backward: [['aB', 'aB']],
  },
  {
    name: 'citextToVarchar',
    from: CITEXT,
    to: 'varchar(3)',
    conversion: conversions.citextToVarchar(CITEXT, 3),
    forward: [
      ['Ab ', 'Ab '],
      ['abcd', null],
    ],
    backward: [['aB', 'aB']],
  },
  {
    name: 'citextToChar',
    from: CITEXT,
    to: 'char(3)',
    conversion: conversions.citextToChar(CITEXT, 3),
    forward: [
      ['Ab', 'Ab'],
      ['Ab ', null],
    ],
    backward: [['aB', 'aB']],
  },
  {
    name: 'textToEnum',
    from: 'text',
    to: 'public.shade',
    conversion: conversions.textToEnum('public.shade', SHADES),
    forward: [
      ['pink', 'pink'],
      ['Pink', null],
      ['back\\slash', 'back\\slash'],
      ['', null],
    ],
    backward: [[`it's "blue"`, `it's "blue"`]],
  },
  {
    name: 'enumToText',
    from: 'public.color',
    to: 'varchar',
    conversion: conversions.enumToText('public.color', COLORS),
    forward: [
      ['red', 'red'],
      [`it's "blue"`, `it's "blue"`],
    ],
    backward: [
      ['Red', null],
      ['pink', null],
      ['Green', 'Green'],
    ],
  },
  {
    name: 'enumToEnum',
    from: 'public.color',
    to: 'public.shade',
    conversion: conversions.enumToEnum(
      { type: 'public.color', labels: COLORS },
      { type: 'public.shade', labels: SHADES },
    ),
    forward: [
      ['red', null],
      ['Green', 'Green'],
    ],
    backward: [
      ['pink', null],
      [`it's "blue"`, `it's "blue"`],
    ],
  },
  {
    name: 'textToBoolean',
    from: 'char(5)',
    to: 'boolean',
    conversion: conversions.textToBoolean({ true: ['yes', 'y', 'A'], false: 'no' }),
    forward: [
      ['yes', 'true'],
      ['y', 'true', 'yes'],
      ['no', 'false'],
      ['NO', null],
      ['', null],
    ],
    backward: [
      ['true', 'yes'],
      ['false', 'no'],
    ],
  },
  {
    name: 'booleanToText',
    from: 'boolean',
    to: 'text',
    conversion: conversions.booleanToText({ true: 'yes', false: 'no' }),
    forward: [
      ['true', 'yes'],
      ['false', 'no'],
    ],
    backward: [
      ['Yes', null],
      ['yes', 'true'],
    ],
  },
  {
    name: 'integerToBoolean',
    from: 'integer',
    to: 'boolean',
    conversion: conversions.integerToBoolean,
    forward: [
      ['0', 'false'],
      ['1', 'true'],
      ['2', null],
      ['-1', null],
    ],
    backward: [
      ['true', '1'],
      ['false', '0'],
    ],
  },
  {
    name: 'smallintToBoolean',
    from: 'smallint',
    to: 'boolean',
    conversion: conversions.smallintToBoolean,
    forward: [
      ['0', 'false'],
      ['-32768', null],
    ],
    backward: [['true', '1']],
  },
  {
    name: 'booleanToInteger',
    from: 'boolean',
    to: 'integer',
    conversion: conversions.booleanToInteger,
    forward: [['false', '0']],
    backward: [
      ['2147483647', null],
      ['1', 'true'],
    ],
  },
  {
    name: 'booleanToSmallint',
    from: 'boolean',
    to: 'smallint',
    conversion: conversions.booleanToSmallint,
    forward: [['true', '1']],
    backward: [
      ['2', null],
      ['0', 'false'],
    ],
  },
];

describe.each(CASES)('$name', (pair) => {
  it('takes its values there', async () => {
    await expectForward(pair, pair.forward);
  });

  it('takes its values back', async () => {
    await expectBackward(pair, pair.backward);
  });

  it('is faithful for generated values', async () => {
    await expectProperties(pair, VALUES[pair.from]!, VALUES[pair.to]!);
  });
});
