import { describe, expect, it } from '@jest/globals';
import { shuffled } from '../../../src/showcase/bench/shuffled.ts';
import { Choices } from '../../../src/showcase/harness/choices.ts';

const ITEMS = ['a', 'b', 'c'];
const TRIES = 1_200;

describe('shuffled', () => {
  it('has all items, in the same order for the same seed', () => {
    const one = shuffled(ITEMS, new Choices('7'));
    expect(one.toSorted()).toEqual(ITEMS);
    expect(shuffled(ITEMS, new Choices('7'))).toEqual(one);
    expect(ITEMS).toEqual(['a', 'b', 'c']);
  });

  it('has every order about equally often', () => {
    const choices = new Choices('7');
    const counts = new Map<string, number>();
    for (let index = 0; index < TRIES; index += 1) {
      const order = shuffled(ITEMS, choices).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    expect(Math.min(...counts.values())).toBeGreaterThan(TRIES / 6 / 2);
  });
});
