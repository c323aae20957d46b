import { describe, expect, it } from '@jest/globals';
import { benchPicture } from '../../../src/showcase/bench/report/picture.ts';
import { exampleResult } from './bench-result.ts';

/** The place of the circle that has this label. */
function xOf(picture: string, label: string): number {
  const lines = picture.split('\n');
  const at = lines.findIndex((text) => text.includes(`>${label}<`));
  return Number(/cx="([\d.]+)"/.exec(lines[at - 1]!)![1]);
}

describe('the picture of the bench', () => {
  const picture = benchPicture(exampleResult());

  it('has every method on all rows, its time, its heap and the latency beside it', () => {
    expect(picture).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /);
    expect(picture).toContain('>online_migrations’ algorithm<');
    expect(picture).toContain('>IN (SELECT … IS NULL LIMIT 10000)<');
    expect(picture).not.toContain('GitLab');
    // Of both variants of three recipes, and of five other methods; and the latency beside eight.
    expect(picture.match(/<circle/g)).toHaveLength(3 * 2 + 5 + 8);
    expect(picture.match(/<circle class="hollow"/g)).toHaveLength(3);
    expect(picture.match(/<rect class="(other|own)"/g)).toHaveLength(8);
    for (const text of ['160', '480', '40', '2.10×', '1.20×', '2.0×']) expect(picture).toContain(`>${text}<`);
  });

  it('marks the latency beside fewer rows, and explains the mark', () => {
    expect(picture.match(/>2\.0×¹</g)).toHaveLength(1);
    expect(picture.match(/>2\.0×</g)).toHaveLength(7);
    expect(picture).toContain('>¹ Beside 1,000,000 rows, against the idle API on 10,000,000 rows.<');
    const result = exampleResult();
    const unmarked = benchPicture({
      ...result,
      runs: result.runs.filter(({ rows }) => rows === result.rows),
    });
    expect(unmarked).not.toContain('¹');
  });

  it('places greater values further to the right', () => {
    expect(xOf(picture, '160')).toBeGreaterThan(xOf(picture, '40'));
    expect(xOf(picture, '480')).toBeGreaterThan(xOf(picture, '160'));
  });

  it('is drawn without the runs beside the API', () => {
    const alone = exampleResult();
    const result = { ...alone, runs: alone.runs.filter(({ api }) => api === null) };
    expect(benchPicture(result)).not.toContain('API p99');
  });
});
