import { inspect } from 'node:util';
import { expect, it } from '@jest/globals';
import { OnlineMigrationError } from '../../../src/online-migration/change/online-migration-error.ts';
import { sqlState } from '../../../src/online-migration/postgres/database-error.ts';

const cause = Object.assign(new Error('lock timeout'), { code: '55P03' });
const error = new OnlineMigrationError('LOCK_NOT_GRANTED', 'Not locked.', { attempts: 3 }, { cause });

it('shows its code, its details, its cause and its stack to whoever prints it', () => {
  const shown = inspect(error);
  expect(shown).toContain('OnlineMigrationError: Not locked.');
  expect(shown).toMatch(/^ +at /m);
  expect(shown).toContain(`code: 'LOCK_NOT_GRANTED'`);
  expect(shown).toContain('attempts: 3');
  expect(shown).toContain('lock timeout');
});

it('has no SQLSTATE: its code is its own', () => {
  expect(sqlState(error)).toBeUndefined();
  expect(sqlState(cause)).toBe('55P03');
});
