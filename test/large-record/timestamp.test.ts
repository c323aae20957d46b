import { describe, expect, it } from '@jest/globals';
import {
  currentTimestamp,
  formatTimestamp,
  parseTimestamp,
  readStoredTimestamp,
} from '../../src/large-record/timestamp.ts';

describe('parseTimestamp', () => {
  it.each([
    ['2024-01-01 10:00:00', '2024-01-01T10:00:00.000Z'],
    ['2024-02-29 00:00:00', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29 23:59:59', '2000-02-29T23:59:59.000Z'],
    ['0001-01-01 00:00:00', '0001-01-01T00:00:00.000Z'],
    ['0050-06-15 12:30:00', '0050-06-15T12:30:00.000Z'],
    ['0099-12-31 23:59:59', '0099-12-31T23:59:59.000Z'],
    ['9999-12-31 23:59:59', '9999-12-31T23:59:59.000Z'],
  ])('reads %j', (text, timestamp) => {
    expect(parseTimestamp(text)).toEqual(new Date(timestamp));
  });

  it.each([
    '',
    'now',
    'infinity',
    '0000-01-01 00:00:00',
    '10000-01-01 00:00:00',
    '-001-01-01 00:00:00',
    '2023-02-29 00:00:00',
    '2023-02-31 00:00:00',
    '1900-02-29 00:00:00',
    '2024-04-31 00:00:00',
    '2024-00-10 00:00:00',
    '2024-13-01 00:00:00',
    '2024-01-00 00:00:00',
    '2024-01-32 00:00:00',
    '2024-01-01 24:00:00',
    '2024-01-01 10:60:00',
    '2024-01-01 10:00:60',
    '2024-01-01',
    '2024-01-01T10:00:00',
    '2024-01-01 10:00:00Z',
    '2024-01-01 10:00:00.5',
    '2024-01-01 10:00:00+00',
    '2024-1-1 10:00:00',
    '24-01-01 10:00:00',
    '01/02/2024 10:00:00',
    ' 2024-01-01 10:00:00',
    '2024-01-01 10:00:00 ',
    '2024-01-01 10:00:00\n',
    '２０２４-01-01 10:00:00',
  ])('refuses %j', (text) => {
    expect(parseTimestamp(text)).toBeNull();
  });
});

describe('readStoredTimestamp', () => {
  it.each(['2024-01-01 10:00:00', '2024-01-01 10:00:00.9', '2024-01-01 10:00:00.999999'])(
    'cuts the fraction of %j off',
    (text) => {
      expect(readStoredTimestamp(text)).toEqual(new Date('2024-01-01T10:00:00Z'));
    },
  );

  it.each(['', 'yesterday', '2023-02-30 10:00:00.5', '2024-01-01 10:00:00.', '2024-01-01 10:00:00.1234567'])(
    'leaves %j as it is',
    (text) => {
      expect(readStoredTimestamp(text)).toBe(text);
    },
  );
});

describe('formatTimestamp', () => {
  it.each(['0001-01-01 00:00:00', '0099-12-31 23:59:59', '2024-02-29 10:00:00', '9999-12-31 23:59:59'])(
    'writes what parseTimestamp reads: %j',
    (text) => {
      expect(formatTimestamp(parseTimestamp(text)!)).toBe(text);
    },
  );

  it('cuts a fraction off instead of rounding it', () => {
    expect(formatTimestamp(new Date('2024-01-01T10:00:00.999Z'))).toBe('2024-01-01 10:00:00');
  });
});

describe('currentTimestamp', () => {
  it('is the current time as a whole second', () => {
    const before = Math.floor(Date.now() / 1000);
    const timestamp = currentTimestamp().getTime() / 1000;
    expect(Number.isInteger(timestamp)).toBe(true);
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(timestamp).toBeLessThanOrEqual(Date.now() / 1000);
  });
});
