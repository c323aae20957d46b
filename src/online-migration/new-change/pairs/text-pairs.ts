import { type ConversionPair, N, pair, type PairValue } from './conversion-pair.ts';
import { type Family, type FamilyType, lengthOf } from './type-family.ts';

/** The families of texts. */
export const TEXTS: readonly Family[] = ['text', 'varchar', 'char'];
const LONGEST_WORD = 'false'.length;
const TRUE_AND_FALSE = { true: 'true', false: 'false' };
const WRITTEN_WORDS = `{ true: 'true', false: 'false' }`;

/** The same text in both types. */
function sameText(from: FamilyType, to: FamilyType): PairValue {
  const length = Math.min(lengthOf(from), lengthOf(to));
  const hash = `md5((${N})::text)`;
  const plain = length === Infinity ? hash : `left(${hash}, ${length})`;
  const as = ({ family, text: type }: FamilyType) => (family === 'citext' ? `${plain}::${type}` : plain);
  return { old: as(from), new: as(to) };
}

const length = ({ modifiers }: FamilyType) => modifiers[0];
const both = (from: FamilyType, to: FamilyType) => [length(from), length(to)];
const ofOld = (from: FamilyType) => [length(from)];
const ofNew = (_from: FamilyType, to: FamilyType) => [length(to)];

/** SQL of a value that alternates with the number. */
const ALTERNATING = {
  boolean: `(${N} % 2 = 0)`,
  text: `(case when ${N} % 2 = 0 then 'true' else 'false' end)`,
  integer: `(case when ${N} % 2 = 0 then 1 else 0 end)`,
  smallint: `(case when ${N} % 2 = 0 then 1 else 0 end)::smallint`,
};
const truth = (from: 'boolean' | 'integer' | 'smallint', to: 'boolean' | 'integer' | 'smallint') => () => ({
  old: ALTERNATING[from],
  new: ALTERNATING[to],
});

const noRoomForWords = ({ text }: FamilyType) => `${text} has no room for the texts true and false`;

/** SQL of one of the labels, by the number. */
function oneOf(labels: readonly string[]): string {
  const list = labels.map((label) => `'${label.replaceAll("'", "''")}'`).join(', ');
  return `(array[${list}])[1 + ${N} % ${labels.length}]`;
}

/** Labels that fit into a text; a reason if there is none. */
function fittingLabels(type: FamilyType, text: FamilyType): readonly string[] | string {
  const fitting = type.labels.filter((label) => label.length <= lengthOf(text));
  return fitting.length > 0 ? fitting : `${text.text} has no room for a label of ${type.text}`;
}

/** Pairs of texts, enums and truth values. */
export const TEXT_PAIRS: readonly ConversionPair[] = [
  pair('varchar', 'text', 'varcharToText', sameText, ofOld),
  pair('char', 'text', 'charToText', sameText, ofOld),
  pair('text', 'varchar', 'textToVarchar', sameText, ofNew),
  pair('text', 'char', 'textToChar', sameText, ofNew),
  pair('varchar', 'varchar', 'varcharToVarchar', sameText, both),
  pair('varchar', 'char', 'varcharToChar', sameText, both),
  pair('char', 'varchar', 'charToVarchar', sameText, both),
  pair('char', 'char', 'charToChar', sameText, both),
  pair('text', 'citext', 'textToCitext', sameText, (_from, to) => [to.text]),
  pair('varchar', 'citext', 'varcharToCitext', sameText, (from, to) => [length(from), to.text]),
  pair('char', 'citext', 'charToCitext', sameText, (from, to) => [length(from), to.text]),
  pair('citext', 'text', 'citextToText', sameText, (from) => [from.text]),
  pair('citext', 'varchar', 'citextToVarchar', sameText, (from, to) => [from.text, length(to)]),
  pair('citext', 'char', 'citextToChar', sameText, (from, to) => [from.text, length(to)]),
  pair('integer', 'boolean', 'integerToBoolean', truth('integer', 'boolean')),
  pair('smallint', 'boolean', 'smallintToBoolean', truth('smallint', 'boolean')),
  pair('boolean', 'integer', 'booleanToInteger', truth('boolean', 'integer')),
  pair('boolean', 'smallint', 'booleanToSmallint', truth('boolean', 'smallint')),
  {
    from: ['boolean'],
    to: TEXTS,
    choose: (_from, to) =>
      lengthOf(to) < LONGEST_WORD
        ? noRoomForWords(to)
        : {
            name: 'booleanToText',
            args: [TRUE_AND_FALSE],
            written: WRITTEN_WORDS,
            value: { old: ALTERNATING.boolean, new: ALTERNATING.text },
          },
  },
  {
    from: TEXTS,
    to: ['boolean'],
    choose: (from) =>
      lengthOf(from) < LONGEST_WORD
        ? noRoomForWords(from)
        : {
            name: 'textToBoolean',
            args: [TRUE_AND_FALSE],
            written: WRITTEN_WORDS,
            value: { old: ALTERNATING.text, new: ALTERNATING.boolean },
          },
  },
  {
    from: TEXTS,
    to: ['enum'],
    choose: (from, to) => {
      const labels = fittingLabels(to, from);
      if (typeof labels === 'string') return labels;
      const label = oneOf(labels);
      return {
        name: 'textToEnum',
        args: [to.text, to.labels],
        value: { old: label, new: `${label}::${to.text}` },
      };
    },
  },
  {
    from: ['enum'],
    to: TEXTS,
    choose: (from, to) => {
      const labels = fittingLabels(from, to);
      if (typeof labels === 'string') return labels;
      const label = oneOf(labels);
      return {
        name: 'enumToText',
        args: [from.text, from.labels],
        value: { old: `${label}::${from.text}`, new: label },
      };
    },
  },
  {
    from: ['enum'],
    to: ['enum'],
    choose: (from, to) => {
      const shared = from.labels.filter((label) => to.labels.includes(label));
      if (shared.length === 0) return `${from.text} and ${to.text} have no label in common`;
      const label = oneOf(shared);
      return {
        name: 'enumToEnum',
        args: [from, to].map(({ text, labels }) => ({ type: text, labels })),
        value: { old: `${label}::${from.text}`, new: `${label}::${to.text}` },
      };
    },
  },
];
