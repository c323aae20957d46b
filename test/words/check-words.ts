import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLIPPED, commentsOf, findFaults, proseOf, TERMS } from './banned-words.ts';

// npm run words: finds words in comments and pages that this project does not use.

const ROOT = join(import.meta.dirname, '../..');

const checks = [
  { files: ['src/**/*.ts', 'migrations/*.ts', 'test/**/*.ts'], textOf: commentsOf },
  { files: ['README.md', 'CONTRIBUTING.md', 'docs/*.md', 'src/**/*.md'], textOf: proseOf },
];

let count = 0;
for (const { files, textOf } of checks) {
  for (const file of globSync(files, { cwd: ROOT, exclude: ['**/node_modules/**', 'test/words/**'] })) {
    for (const { line, found, instead } of findFaults(textOf(readFileSync(join(ROOT, file), 'utf8')), [
      ...TERMS,
      ...CLIPPED,
    ])) {
      console.error(`${file}:${line}: "${found}": write ${instead}.`);
      count += 1;
    }
  }
}
if (count > 0) process.exitCode = 1;
