import { describe, expect, it } from '@jest/globals';
import { refuseForgottenOptions } from '../../../src/online-migration/mikro-orm/mikro-orm-command.ts';
import { resolveTargets } from '../../../src/online-migration/mikro-orm/migration-target.ts';
import { refusedWith } from '../../support/refused-with.ts';

const KNOWN = ['0001_create', '0002_expand', '0003_backfill', '0003_more', 'Migration20240101000000_later'];
const APPLIED = KNOWN.slice(0, 2);

describe('the name of a migration', () => {
  it.each([
    ['0002', '0002_expand'],
    ['0002_expand', '0002_expand'],
    ['0002_expand.ts', '0002_expand'],
    ['0003_b', '0003_backfill'],
    ['2024', 'Migration20240101000000_later'],
  ])('may be written by its beginning: %s', (beginning, name) => {
    expect(resolveTargets('up', { to: beginning }, KNOWN, APPLIED)).toEqual({ to: name });
    expect(resolveTargets('up', { from: beginning }, KNOWN, APPLIED)).toEqual({ from: name });
    expect(resolveTargets('down', { migrations: [beginning] }, KNOWN, [name])).toEqual({
      migrations: [name],
    });
  });

  it.each([
    ['up', { to: 'nonsense' }, '--to'],
    ['up', { from: 'nonsense' }, '--from'],
    ['up', { migrations: ['0001', 'nonsense'] }, '--only'],
    ['down', { to: 'nonsense' }, '--to'],
    ['down', { migrations: ['nonsense'] }, '--only'],
    ['up', { to: '' }, '--to'],
  ] as const)('%s %j: an unknown one is an error that lists the names', (method, targets, option) => {
    const resolve = () => resolveTargets(method, targets, KNOWN, APPLIED);
    expect(resolve).toThrow(option);
    expect(resolve).toThrow(expect.objectContaining(refusedWith('MIGRATION_UNKNOWN', KNOWN.join(', '))));
  });

  it.each([
    ['up', { to: '0003' }],
    ['up', { to: 0 }],
    ['down', { migrations: ['0003'] }],
  ] as const)('%s %j: one that fits several is an error that lists those', (method, targets) => {
    expect(() => resolveTargets(method, targets, KNOWN, APPLIED)).toThrow(
      expect.objectContaining(
        refusedWith('MIGRATION_AMBIGUOUS', /More than one .* 0003_backfill, 0003_more/),
      ),
    );
  });
});

describe('migration:down', () => {
  it('takes 0 as "all", as MikroORM does', () => {
    expect(resolveTargets('down', { to: 0 }, KNOWN, APPLIED)).toEqual({ to: 0 });
  });

  it('refuses to go to a migration that has not run; MikroORM would revert everything', () => {
    expect(() => resolveTargets('down', { to: '0003_b' }, KNOWN, APPLIED)).toThrow(
      expect.objectContaining(refusedWith('MIGRATION_NOT_APPLIED', '0003_backfill has not been applied')),
    );
  });

  it.each(['00', '000', '0000', ' ', '0x0', '-0', '0e9'])('does not take %j as "all"', (to) => {
    expect(() => resolveTargets('down', { to }, KNOWN, APPLIED)).toThrow('--to');
  });

  it('refuses to revert a migration under a later one', () => {
    expect(() => resolveTargets('down', { migrations: ['0001'] }, KNOWN, APPLIED)).toThrow(
      expect.objectContaining(
        refusedWith('MIGRATIONS_NOT_LAST', 'only the last migrations that have run can be reverted'),
      ),
    );
    expect(resolveTargets('down', { migrations: ['0001', '0002'] }, KNOWN, APPLIED).migrations).toHaveLength(
      2,
    );
  });

  it('refuses --from, which MikroORM ignores', () => {
    expect(() => resolveTargets('down', { from: '0001' }, KNOWN, APPLIED)).toThrow(
      expect.objectContaining(refusedWith('OPTION_NOT_SUPPORTED', 'does not know --from')),
    );
  });
});

describe('an option that MikroORM forgets', () => {
  it.each([
    [['migration:up', '--to', ''], '--to has no value'],
    [['migration:up', '--to='], '--to has no value'],
    [['migration:up', '-t', ''], '--to has no value'],
    [['migration:down', '--only', ''], '--only has no value'],
    [['migration:up', '--from', ''], '--from has no value'],
  ])('%j is an error', (argv, message) => {
    expect(() => refuseForgottenOptions(argv, {})).toThrow(
      expect.objectContaining(refusedWith('OPTION_WITHOUT_VALUE', message)),
    );
  });

  it('is --only next to --to', () => {
    expect(() =>
      refuseForgottenOptions(['migration:up', '--to', '0002', '--only', '0001'], { to: '0002' }),
    ).toThrow(expect.objectContaining(refusedWith('OPTIONS_CONFLICT', '--only cannot be combined')));
  });

  it('is none where every option has arrived', () => {
    expect(() =>
      refuseForgottenOptions(['migration:up', '--to', '0002', '-f', '0001'], { to: '0002', from: '0001' }),
    ).not.toThrow();
    expect(() => refuseForgottenOptions(['migration:up'], {})).not.toThrow();
  });
});
