import { describe, expect, it } from '@jest/globals';
import { Choices } from '../../../src/showcase/harness/choices.ts';

const BOUND = 10;

function draw(seed: string): number[] {
  const choices = new Choices(seed);
  return Array.from({ length: 1_000 }, () => choices.below(BOUND));
}

describe('Choices', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(draw('7')).toEqual(draw('7'));
    expect(draw('7')).not.toEqual(draw('8'));
  });

  it('take every whole number below the bound about equally often', () => {
    const counts = Array.from(
      { length: BOUND },
      (_, value) => draw('7').filter((drawn) => drawn === value).length,
    );
    expect(counts.reduce((sum, count) => sum + count)).toBe(1_000);
    expect(Math.min(...counts)).toBeGreaterThan(60);
  });
});
