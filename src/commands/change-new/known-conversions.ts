import type { Conversion } from '../../online-migration/column-change.ts';
import { booleanToText } from '../../online-migration/conversions/boolean-to-text.ts';
import { integerToBigint } from '../../online-migration/conversions/integer-to-bigint.ts';
import { textToEnum } from '../../online-migration/conversions/text-to-enum.ts';
import { textToJsonb } from '../../online-migration/conversions/text-to-jsonb.ts';
import { textToNumeric } from '../../online-migration/conversions/text-to-numeric.ts';
import { textToTimestamptz } from '../../online-migration/conversions/text-to-timestamptz.ts';
import { textToUuid } from '../../online-migration/conversions/text-to-uuid.ts';
import { timestampToTimestamptz } from '../../online-migration/conversions/timestamp-to-timestamptz.ts';
import { varcharToText } from '../../online-migration/conversions/varchar-to-text.ts';

/** A conversion of the toolkit, and values to try it with, as they are written into files. */
export interface ChosenConversion {
  /** File in `src/online-migration/conversions/`, without its end. */
  readonly module: string;
  /** What the file exports. */
  readonly name: string;
  /** The expression that makes the conversion: `textToNumeric(12, 2)`. */
  readonly expression: string;
  readonly conversion: Conversion;
  /** SQL of the old and of the new value for the number `${n}`. */
  readonly value: { readonly old: string; readonly new: string };
}

/** What a pair of types may need besides. */
export interface PairDetails {
  /** The labels of the new type, where it is an enum. */
  readonly labels: readonly string[];
  /** The zone in which timestamps are meant. */
  readonly zone: string;
}

type Pair = {
  readonly from: RegExp;
  readonly to: RegExp;
  /** How people read the pair. */
  readonly text: string;
  readonly choose: (
    from: RegExpExecArray,
    to: RegExpExecArray,
    details: PairDetails,
  ) => ChosenConversion | null;
};

const TEXT = /^(?:text|character varying(?:\((\d+)\))?)$/;
const N = '${n}';

/** A text that is a uuid, and that no other number has. */
const UUID = `('00000000-0000-4000-8000-' || lpad(to_hex(${N}), 12, '0'))`;
/** A moment on a clock without a zone. */
const MOMENT = `(timestamp '2024-01-01 10:00:00' + ${N} * interval '1 second')`;

const PAIRS: readonly Pair[] = [
  {
    from: /^integer$/,
    to: /^bigint$/,
    text: 'integer to bigint',
    choose: () => ({
      module: 'integer-to-bigint',
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
    choose: (_from, [, precision, scale = '0']) => {
      const number = `((${N} % 10::numeric ^ ${precision}) / 10::numeric ^ ${scale})::numeric(${precision}, ${scale})`;
      return {
        module: 'text-to-numeric',
        name: 'textToNumeric',
        expression: `textToNumeric(${precision}, ${scale})`,
        conversion: textToNumeric(Number(precision), Number(scale)),
        value: { old: `${number}::text`, new: number },
      };
    },
  },
  {
    from: TEXT,
    to: /^uuid$/,
    text: 'text to uuid',
    choose: () => ({
      module: 'text-to-uuid',
      name: 'textToUuid',
      expression: 'textToUuid',
      conversion: textToUuid,
      value: { old: UUID, new: `${UUID}::uuid` },
    }),
  },
  {
    from: TEXT,
    to: /^jsonb$/,
    text: 'text to jsonb',
    choose: () => ({
      module: 'text-to-jsonb',
      name: 'textToJsonb',
      expression: 'textToJsonb',
      conversion: textToJsonb,
      value: { old: `jsonb_build_object('n', ${N})::text`, new: `jsonb_build_object('n', ${N})` },
    }),
  },
  {
    from: TEXT,
    to: /^timestamp with time zone$/,
    text: 'text to timestamptz',
    choose: () => ({
      module: 'text-to-timestamptz',
      name: 'textToTimestamptz',
      expression: 'textToTimestamptz',
      conversion: textToTimestamptz,
      value: { old: `to_char(${MOMENT}, 'YYYY-MM-DD HH24:MI:SS')`, new: `${MOMENT} at time zone 'UTC'` },
    }),
  },
  {
    from: /^timestamp without time zone$/,
    to: /^timestamp with time zone$/,
    text: 'timestamp to timestamptz',
    choose: (_from, _to, { zone }) => ({
      module: 'timestamp-to-timestamptz',
      name: 'timestampToTimestamptz',
      expression: `timestampToTimestamptz(${JSON.stringify(zone)})`,
      conversion: timestampToTimestamptz(zone),
      value: { old: MOMENT, new: `${MOMENT} at time zone '${zone.replaceAll("'", "''")}'` },
    }),
  },
  {
    from: /^boolean$/,
    to: TEXT,
    text: 'boolean to text',
    choose: () => ({
      module: 'boolean-to-text',
      name: 'booleanToText',
      expression: `booleanToText({ true: 'true', false: 'false' })`,
      conversion: booleanToText({ true: 'true', false: 'false' }),
      value: { old: `(${N} % 2 = 0)`, new: `(case when ${N} % 2 = 0 then 'true' else 'false' end)` },
    }),
  },
  {
    from: /^character varying\((\d+)\)$/,
    to: /^text$/,
    text: 'varchar(length) to text',
    choose: ([, length]) => ({
      module: 'varchar-to-text',
      name: 'varcharToText',
      expression: `varcharToText(${length})`,
      conversion: varcharToText(Number(length)),
      value: { old: `left(md5((${N})::text), ${length})`, new: `left(md5((${N})::text), ${length})` },
    }),
  },
  {
    from: TEXT,
    to: /^(.+)$/,
    text: 'text to an enum',
    choose: (_from, [, type], { labels }) => {
      if (labels.length === 0) return null;
      const list = labels.map((label) => `'${label.replaceAll("'", "''")}'`).join(', ');
      const label = `(array[${list}])[1 + ${N} % ${labels.length}]`;
      return {
        module: 'text-to-enum',
        name: 'textToEnum',
        expression: `textToEnum(${JSON.stringify(type)}, ${JSON.stringify(labels)})`,
        conversion: textToEnum(type!, labels),
        value: { old: label, new: `${label}::${type}` },
      };
    },
  },
];

/**
 * Finds the toolkit's conversion between two types, written as the catalog writes them.
 * @returns null where it has none
 */
export function knownConversion(from: string, to: string, details: PairDetails): ChosenConversion | null {
  for (const pair of PAIRS) {
    const [fromMatch, toMatch] = [pair.from.exec(from), pair.to.exec(to)];
    const chosen = fromMatch && toMatch && pair.choose(fromMatch, toMatch, details);
    if (chosen) return chosen;
  }
  return null;
}

/** The pairs that the toolkit converts, for people. */
export function knownPairs(): string {
  return PAIRS.map(({ text }) => text).join(', ');
}
