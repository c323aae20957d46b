import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { refusalOfNode } from '../../../src/online-migration/change/node-version.ts';

const PACKAGE = join(import.meta.dirname, '../../../src/online-migration');

describe('refusalOfNode', () => {
  it.each(['18.20.4', '20.20.2', '22.17.1'])('refuses Node.js %s in a sentence', (version) => {
    expect(refusalOfNode(version)).toMatchObject({
      code: 'NODE_TOO_OLD',
      message:
        `online-migration needs Node.js 22.18 or newer, and this process runs Node.js ${version}: ` +
        `install a newer Node.js, then run the same command again.`,
    });
  });

  it.each(['22.18.0', '24.1.0', '25.0.0-nightly'])('accepts Node.js %s', (version) => {
    expect(refusalOfNode(version)).toBeUndefined();
  });
});

it('every entry of the package checks the version before it loads another file', () => {
  const { exports } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as {
    exports: Record<string, string>;
  };
  const entries = Object.values(exports).filter((file) => file.endsWith('.ts'));
  expect(entries).toHaveLength(globSync('{,*/}index.ts', { cwd: PACKAGE }).length);
  for (const entry of entries) {
    const [first] = /^(import|export) .*$/m.exec(readFileSync(join(PACKAGE, entry), 'utf8')) ?? [];
    expect(first).toMatch(/^import '\.\.?\/change\/require-node\.ts';$/);
  }
});
