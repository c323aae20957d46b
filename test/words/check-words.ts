import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLIPPED, commentsOf, findFaults, proseOf, TERMS } from './banned-words.ts';

// npm run words: finds words in comments and pages that this project does not use.

const ROOT = join(import.meta.dirname, '../..');

const checks = [
  { files: ['src/**/*.ts', 'migrations/*.ts'], textOf: commentsOf, words: [...TERMS, ...CLIPPED] },
  { files: ['test/**/*.ts'], textOf: commentsOf, words: TERMS },
  { files: ['README.md', 'CONTRIBUTING.md', 'docs/*.md', 'src/**/*.md'], textOf: proseOf, words: TERMS },
];

let count = 0;
for (const { files, textOf, words } of checks) {
  for (const file of globSync(files, { cwd: ROOT, exclude: ['**/node_modules/**', 'test/words/**'] })) {
    for (const { line, found, instead } of findFaults(
      textOf(readFileSync(join(ROOT, file), 'utf8')),
      words,
    )) {
      console.error(`${file}:${line}: "${found}": write ${instead}.`);
      count += 1;
    }
  }
}
if (count > 0) process.exitCode = 1;
