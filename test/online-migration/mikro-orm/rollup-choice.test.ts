import { expect, it } from '@jest/globals';
import { chooseForRollup } from '../../../src/online-migration/mikro-orm/rollup-choice.ts';

const facts = {
  known: ['a', 'b', 'phase', 'c', 'd', 'e'],
  applied: ['a', 'b', 'phase', 'c', 'd'],
  online: ['phase'],
};
const ordinary = { ...facts, online: [] };

it('without phases, all that have run are merged', () => {
  expect(chooseForRollup(ordinary, undefined)).toEqual(facts.applied);
});

it('with phases, those behind the last one are merged, if they have run', () => {
  expect(chooseForRollup(facts, undefined)).toEqual(['c', 'd']);
  expect(() => chooseForRollup({ ...facts, applied: ['a', 'b', 'phase', 'c'] }, undefined)).toThrow(
    /^Cannot roll up; .* Only migrations behind phase can be merged, and fewer than two of them have run\.$/,
  );
});

it('of the requested ones, a phase and a migration ahead of it are refused', () => {
  expect(chooseForRollup(facts, ['c', 'd'])).toEqual(['c', 'd']);
  expect(chooseForRollup(ordinary, ['a', 'phase'])).toEqual(['a', 'phase']);
  expect(() => chooseForRollup(facts, ['c', 'phase'])).toThrow(
    /^Cannot roll up phase; .* it manages its own transactions/,
  );
  expect(() => chooseForRollup(facts, ['a', 'b'])).toThrow(
    /^Cannot roll up a; nothing was changed: in a new database, the merged migration would run behind phase/,
  );
});
