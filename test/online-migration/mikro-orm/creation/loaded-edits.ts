import type { ReleaseColumns } from './release-load.ts';

/** The columns that the releases before and after an edit write and read. */
export interface Releases {
  readonly before: ReleaseColumns;
  readonly after: ReleaseColumns;
}

const COLUMNS: ReleaseColumns = { total: '$1::integer', note: `'note ' || $1::integer` };
const TOTAL: ReleaseColumns = { total: '$1::integer' };
const UNCHANGED: Releases = { before: COLUMNS, after: COLUMNS };
const customer = '1 + $1::integer % 1000';

const withNew = (columns: ReleaseColumns): Releases => ({
  before: COLUMNS,
  after: { ...COLUMNS, ...columns },
});

/** Edits whose releases can run at the same time, by their names. */
export const LOADED: Readonly<Record<string, Releases>> = {
  'a nullable property': withNew({ extra: `'new'` }),
  'a required property without a default': withNew({ extra: `'new'` }),
  'a required property with a constant default': withNew({ extra: `'new'` }),
  'a required property with a volatile default': withNew({ extra: 'gen_random_uuid()' }),
  'an autoincrement property': UNCHANGED,
  'a nullable property that becomes required': UNCHANGED,
  'a default that changes': { before: TOTAL, after: { ...TOTAL, s: `'new'` } },
  'a required property that is dropped': { before: { ...COLUMNS, s: `'old'` }, after: COLUMNS },
  'a required property, and a required property that is dropped': {
    before: { ...COLUMNS, legacy: `'old'` },
    after: { ...COLUMNS, extra: `'new'` },
  },
  'an index': UNCHANGED,
  'a unique property': UNCHANGED,
  'a check that changes': UNCHANGED,
  'an integer that becomes a relation': {
    before: { ...COLUMNS, customer_id: customer },
    after: { ...COLUMNS, customer_id: customer },
  },
  'a text enum with other values and another default': {
    before: { ...COLUMNS, st: `'a'` },
    // The way back refuses rows with a value that only the new release knows.
    after: { ...COLUMNS, st: `'b'` },
  },
  'a label of an enum that is gone and another one that has come, with a default': {
    before: { ...COLUMNS, st: `'b'` },
    after: { ...COLUMNS, st: `'bb'` },
  },
  'a serial key that becomes an identity, and an index': UNCHANGED,
  'many changes in one migration': {
    before: { ...COLUMNS, st: `'a'`, s: `'s' || $1::integer`, customer_id: customer },
    after: { ...COLUMNS, st: `'b'`, s: `'s' || $1::integer`, customer_id: customer },
  },
};
