import { DeclarationError } from '../../change/declaration-check.ts';
import type { Conversion } from '../../change/column-change.ts';
import { booleanToText } from '../../conversions/texts/boolean-to-text.ts';
import { charToText } from '../../conversions/texts/char-to-text.ts';
import { integerToBigint } from '../../conversions/numbers/integer-to-bigint.ts';
import { textToEnum } from '../../conversions/texts/text-to-enum.ts';
import { textToJsonb } from '../../conversions/documents/text-to-jsonb.ts';
import { textToNumeric } from '../../conversions/numbers/text-to-numeric.ts';
import { textToTimestamptz, textToTimestamptzOf } from '../../conversions/times/text-to-timestamptz.ts';
import { textToUuid } from '../../conversions/documents/text-to-uuid.ts';
import { FULL_PRECISION, timestampToTimestamptz } from '../../conversions/times/timestamp-to-timestamptz.ts';
import { varcharToText } from '../../conversions/texts/varchar-to-text.ts';

/** A conversion of the package with sample values, as written into files. */
export interface ChosenConversion {
  /** Its name in `online-migration/conversions`. */
  readonly name: string;
  /** The expression that creates the conversion: `textToNumeric(12, 2)`. */
  readonly expression: string;
  readonly conversion: Conversion;
  /** SQL of the old and of the new value for the number `${n}`. */
  readonly value: { readonly old: string; readonly new: string };
}

/** Further input that some pairs of types need. */
export interface PairDetails {
  /** The labels of the new type, if it is an enum. */
  readonly labels: readonly string[];
  /** The time zone of the timestamps. */
  readonly zone: string;
}

export type Pair = {
  readonly from: RegExp;
  readonly to: RegExp;
  /** The pair as shown to people. */
  readonly text: string;
  /** @returns the reason, without a full stop, if the pair is known and cannot convert these two types; null for another pair */
  readonly choose: (
    from: RegExpExecArray,
    to: RegExpExecArray,
    details: PairDetails,
  ) => ChosenConversion | string | null;
};

/** A text type, and its maximum length if it has one. */
const TEXT = /^(?:text|character varying(?:\((\d+)\))?|character\((\d+)\))$/;
const N = '${n}';

/** A text that is a uuid and is unique to the number. */
const UUID = `('00000000-0000-4000-8000-' || lpad(to_hex(${N}), 12, '0'))`;
const UUID_LENGTH = 36;
/** A timestamp without a time zone, and the shortest length of its text. */
const MOMENT = `(timestamp '2024-01-01 10:00:00' + ${N} * interval '1 second')`;
const MOMENT_LENGTH = 'YYYY-MM-DD HH:MM:SS'.length;
/** Digits that a test's numbers may have in a JSON text. */
const JSON_DIGITS = 9;
const LONGEST_WORD = 'false'.length;

/** The pairs of types that the package converts; the first match is used. */
export const PAIRS: readonly Pair[] = [
  {
    from: /^integer$/,
    to: /^bigint$/,
    text: 'integer to bigint',
    choose: () => ({
      name: 'integerToBigint',
      expression: 'integerToBigint',
      conversion: integerToBigint,
      value: { old: `(${N})::integer`, new: `(${N})::bigint` },
    }),
  },
  {
    from: TEXT,
    to: /^numeric\((\d+)(?:,(\d+))?\)$/,
    text: 'text to numeric(precision,scale)',
    choose: (from, [, precision, scale = '0']) => {
      const length = lengthOf(from);
      const conversion = numericOf(Number(precision), Number(scale));
      if (typeof conversion === 'string') return conversion;
      const shortest = Number(scale) + (scale === '0' ? 1 : 'd.'.length);
      if (length < shortest) return tooShort(from, `numeric(${precision},${scale})`, shortest);
      const digits = Math.min(Number(precision), scale === '0' ? length : length - 1);
      const number = `((${N} % 10::numeric ^ ${digits}) / 10::numeric ^ ${scale})::numeric(${precision}, ${scale})`;
      return {
        name: 'textToNumeric',
        expression: `textToNumeric(${precision}, ${scale})`,
        conversion,
        value: { old: `${number}::text`, new: number },
      };
    },
  },
  {
    from: TEXT,
    to: /^uuid$/,
    text: 'text to uuid',
    choose: (from) =>
      lengthOf(from) < UUID_LENGTH
        ? tooShort(from, 'uuid', UUID_LENGTH)
        : {
            name: 'textToUuid',
            expression: 'textToUuid',
            conversion: textToUuid,
            value: { old: UUID, new: `${UUID}::uuid` },
          },
  },
  {
    from: TEXT,
    to: /^jsonb$/,
    text: 'text to jsonb',
    choose: (from) => {
      const number = `(${N} % 1${'0'.repeat(Math.min(lengthOf(from), JSON_DIGITS))})`;
      return {
        name: 'textToJsonb',
        expression: 'textToJsonb',
        conversion: textToJsonb,
        value: { old: `${number}::text`, new: `to_jsonb(${number})` },
      };
    },
  },
  {
    from: TEXT,
    to: /^timestamp(?:\((\d)\))? with time zone$/,
    text: 'text to timestamptz',
    choose: (from, [, digits]) => {
      if (lengthOf(from) < MOMENT_LENGTH) return tooShort(from, 'timestamptz', MOMENT_LENGTH);
      const precision = Number(digits ?? FULL_PRECISION);
      const isFull = precision === FULL_PRECISION;
      return {
        name: isFull ? 'textToTimestamptz' : 'textToTimestamptzOf',
        expression: isFull ? 'textToTimestamptz' : `textToTimestamptzOf(${precision})`,
        conversion: isFull ? textToTimestamptz : textToTimestamptzOf(precision),
        value: { old: `to_char(${MOMENT}, 'YYYY-MM-DD HH24:MI:SS')`, new: `${MOMENT} at time zone 'UTC'` },
      };
    },
  },
  {
    from: /^timestamp(?:\((\d)\))? without time zone$/,
    to: /^timestamp(?:\((\d)\))? with time zone$/,
    text: 'timestamp to timestamptz',
    choose: ([, from], [, to], { zone }) => {
      const precision = { old: Number(from ?? FULL_PRECISION), new: Number(to ?? FULL_PRECISION) };
      const differs = precision.old !== precision.new;
      const given = differs ? `, { old: ${precision.old}, new: ${precision.new} }` : '';
      return {
        name: 'timestampToTimestamptz',
        expression: `timestampToTimestamptz(${JSON.stringify(zone)}${given})`,
        conversion: timestampToTimestamptz(zone, precision),
        value: { old: MOMENT, new: `${MOMENT} at time zone '${zone.replaceAll("'", "''")}'` },
      };
    },
  },
  {
    from: /^boolean$/,
    to: TEXT,
    text: 'boolean to text',
    choose: (_from, to) =>
      lengthOf(to) < LONGEST_WORD
        ? `${to[0]} has no room for the texts true and false`
        : {
            name: 'booleanToText',
            expression: `booleanToText({ true: 'true', false: 'false' })`,
            conversion: booleanToText({ true: 'true', false: 'false' }),
            value: { old: `(${N} % 2 = 0)`, new: `(case when ${N} % 2 = 0 then 'true' else 'false' end)` },
          },
  },
  {
    from: /^character varying\((\d+)\)$/,
    to: /^text$/,
    text: 'varchar(length) to text',
    choose: ([, length]) => ({
      name: 'varcharToText',
      expression: `varcharToText(${length})`,
      conversion: varcharToText(Number(length)),
      value: { old: `left(md5((${N})::text), ${length})`, new: `left(md5((${N})::text), ${length})` },
    }),
  },
  {
    from: /^character\((\d+)\)$/,
    to: /^text$/,
    text: 'char(length) to text',
    choose: ([, length]) => ({
      name: 'charToText',
      expression: `charToText(${length})`,
      conversion: charToText(Number(length)),
      value: { old: `left(md5((${N})::text), ${length})`, new: `left(md5((${N})::text), ${length})` },
    }),
  },
  {
    from: TEXT,
    to: /^(.+)$/,
    text: 'text to an enum',
    choose: (from, [, type], { labels }) => {
      if (labels.length === 0) return null;
      const fitting = labels.filter((label) => label.length <= lengthOf(from));
      if (fitting.length === 0) return `${from[0]} has no room for a label of ${type}`;
      const list = fitting.map((label) => `'${label.replaceAll("'", "''")}'`).join(', ');
      const label = `(array[${list}])[1 + ${N} % ${fitting.length}]`;
      return {
        name: 'textToEnum',
        expression: `textToEnum(${JSON.stringify(type)}, ${JSON.stringify(labels)})`,
        conversion: textToEnum(type!, labels),
        value: { old: label, new: `${label}::${type}` },
      };
    },
  },
];

/** The greatest number of characters that a text of the type can have. */
function lengthOf(text: RegExpExecArray): number {
  const [, varying, fixed] = text;
  return Number(varying ?? fixed ?? Infinity);
}

function tooShort([from]: RegExpExecArray, to: string, characters: number): string {
  return `A ${to} has at least ${characters} characters as a text, and ${from} takes no such text`;
}

/** The conversion, or the reason why these two numbers have none. */
function numericOf(precision: number, scale: number): Conversion | string {
  try {
    return textToNumeric(precision, scale);
  } catch (error) {
    if (!(error instanceof DeclarationError)) throw error;
    return error.message.replace(/\.$/, '');
  }
}
