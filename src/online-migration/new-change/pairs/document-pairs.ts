import { type ConversionPair, type ConversionName, N, type PairValue } from './conversion-pair.ts';
import { TEXTS } from './text-pairs.ts';
import { MOMENT } from './time-pairs.ts';
import { type Family, type FamilyType, lengthOf, precisionOf } from './type-family.ts';

/** A text that is a uuid and is unique to the number. */
const UUID = `('00000000-0000-4000-8000-' || lpad(to_hex(${N}), 12, '0'))`;
const ADDRESS = `('10.' || (${N} / 65536 % 256) || '.' || (${N} / 256 % 256) || '.' || (${N} % 256))`;
const HEX = `lpad(to_hex(${N}), 16, '0')`;
const HOURS = `(lpad((${N} % 24)::text, 2, '0') || ':00:00')`;
/** Digits that a test's numbers may have in a JSON text. */
const JSON_DIGITS = 9;
const FULL_PRECISION = 6;

const MOMENT_TEXT = `to_char(${MOMENT}, 'YYYY-MM-DD HH24:MI:SS')`;

/** A family of values that texts stand for. */
interface Written {
  readonly family: Family;
  /** Its name for people. */
  readonly label: (type: FamilyType) => string;
  /** Length of its shortest text. */
  readonly shortest: (type: FamilyType) => number;
  readonly fromText: (type: FamilyType) => { name: ConversionName; args?: readonly unknown[] };
  /** Undefined if there is no way from the value to the text. */
  readonly toText: (type: FamilyType) => { name: ConversionName; args?: readonly unknown[] };
  readonly value: (type: FamilyType, text: FamilyType) => { readonly text: string; readonly value: string };
}

const named = ({ family }: FamilyType) => family;
const jsonNumber = (text: FamilyType) => `(${N} % 1${'0'.repeat(Math.min(lengthOf(text), JSON_DIGITS))})`;
const moment = (name: ConversionName) => (type: FamilyType) =>
  precisionOf(type) === FULL_PRECISION ? { name } : { name, args: [precisionOf(type)] };

const WRITTEN: readonly Written[] = [
  {
    family: 'numeric',
    label: ({ text }) => text,
    shortest: ({ modifiers: [, scale = 0] }) => scale + (scale === 0 ? 1 : 'd.'.length),
    fromText: ({ modifiers }) => ({ name: 'textToNumeric', args: modifiers }),
    toText: ({ modifiers }) => ({ name: 'numericToText', args: modifiers }),
    value: ({ modifiers: [precision = 0, scale = 0] }, text) => {
      const digits = Math.min(precision, scale === 0 ? lengthOf(text) : lengthOf(text) - 1);
      const value = `((${N} % 10::numeric ^ ${digits}) / 10::numeric ^ ${scale})::numeric(${precision}, ${scale})`;
      return { text: `${value}::text`, value };
    },
  },
  {
    family: 'uuid',
    label: named,
    shortest: () => 36,
    fromText: () => ({ name: 'textToUuid' }),
    toText: () => ({ name: 'uuidToText' }),
    value: () => ({ text: UUID, value: `${UUID}::uuid` }),
  },
  {
    family: 'jsonb',
    label: named,
    shortest: () => 1,
    fromText: () => ({ name: 'textToJsonb' }),
    toText: () => ({ name: 'jsonbToText' }),
    value: (_type, text) => ({ text: `${jsonNumber(text)}::text`, value: `to_jsonb(${jsonNumber(text)})` }),
  },
  {
    family: 'json',
    label: named,
    shortest: () => 1,
    fromText: () => ({ name: 'textToJson' }),
    toText: () => ({ name: 'jsonToText' }),
    value: (_type, text) => ({ text: `${jsonNumber(text)}::text`, value: `to_json(${jsonNumber(text)})` }),
  },
  {
    family: 'timestamptz',
    label: named,
    shortest: () => 'YYYY-MM-DD HH:MM:SS'.length,
    fromText: (type) =>
      precisionOf(type) === FULL_PRECISION
        ? { name: 'textToTimestamptz' }
        : moment('textToTimestamptzOf')(type),
    toText: (type) => ({ ...moment('timestamptzToText')(type), args: [precisionOf(type)] }),
    value: () => ({ text: MOMENT_TEXT, value: `(${MOMENT} at time zone 'UTC')` }),
  },
  {
    family: 'inet',
    label: named,
    shortest: () => '255.255.255.255'.length,
    fromText: () => ({ name: 'textToInet' }),
    toText: () => ({ name: 'inetToText' }),
    value: () => ({ text: ADDRESS, value: `${ADDRESS}::inet` }),
  },
  {
    family: 'bytea',
    label: named,
    shortest: () => 16,
    fromText: () => ({ name: 'textToBytea', args: ['hex'] }),
    toText: () => ({ name: 'byteaToText', args: ['hex'] }),
    value: () => ({ text: HEX, value: `decode(${HEX}, 'hex')` }),
  },
  {
    family: 'interval',
    label: named,
    shortest: () => 'HH:MM:SS'.length,
    fromText: () => ({ name: 'textToInterval' }),
    toText: () => ({ name: 'intervalToText' }),
    value: () => ({ text: HOURS, value: `${HOURS}::interval` }),
  },
];

function isTooShort(text: FamilyType, type: FamilyType, { label, shortest }: Written): string | null {
  const characters = shortest(type);
  if (lengthOf(text) >= characters) return null;
  return `A ${label(type)} has at least ${characters} characters as a text, and ${text.text} takes no such text`;
}

const PLAIN_NUMERIC = 'Texts need a numeric with a precision and a scale, such as numeric(12,2)';

/** A pair of two families, with one value each. */
function plain(from: Family, to: Family, name: ConversionName, value: PairValue): ConversionPair {
  return { from: [from], to: [to], choose: () => ({ name, value }) };
}

const ELEMENT = `(${N})::text`;
const TEXT_ARRAY = `array[${ELEMENT}, null]`;

/** Pairs of texts and the values that they stand for, of JSON, and of arrays. */
export const DOCUMENT_PAIRS: readonly ConversionPair[] = [
  ...WRITTEN.flatMap((written): ConversionPair[] => [
    {
      from: TEXTS,
      to: [written.family],
      choose: (from, to) => {
        if (to.family === 'numeric' && to.modifiers.length === 0) return PLAIN_NUMERIC;
        const reason = isTooShort(from, to, written);
        if (reason !== null) return reason;
        const { text, value } = written.value(to, from);
        return { ...written.fromText(to), value: { old: text, new: value } };
      },
    },
    {
      from: [written.family],
      to: TEXTS,
      choose: (from, to) => {
        if (from.family === 'numeric' && from.modifiers.length === 0) return PLAIN_NUMERIC;
        const reason = isTooShort(to, from, written);
        if (reason !== null) return reason;
        const { text, value } = written.value(from, to);
        return { ...written.toText(from), value: { old: value, new: text } };
      },
    },
  ]),
  plain('json', 'jsonb', 'jsonToJsonb', { old: `to_json(${N})`, new: `to_jsonb(${N})` }),
  plain('jsonb', 'json', 'jsonbToJson', { old: `to_jsonb(${N})`, new: `to_json(${N})` }),
  plain('text[]', 'jsonb', 'textArrayToJsonb', {
    old: TEXT_ARRAY,
    new: `jsonb_build_array(${ELEMENT}, null)`,
  }),
  plain('jsonb', 'text[]', 'jsonbToTextArray', {
    old: `jsonb_build_array(${ELEMENT}, null)`,
    new: TEXT_ARRAY,
  }),
];
