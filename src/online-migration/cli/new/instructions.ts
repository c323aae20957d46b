import { argumentFor } from '../project/chosen-change.ts';
import { unmappableReason } from './mappings-file.ts';
import { migrationNumber, type NewChange } from './new-change.ts';
import type { WrittenFile } from './written-files.ts';

/**
 * Lists the written files and the next steps, in the order of the releases.
 * @param unreviewed one sentence for each object that a person must review before expand
 */
export function instructions(
  subject: NewChange,
  files: readonly WrittenFile[],
  unreviewed: readonly string[],
): string {
  const { change, words } = subject;
  const { oldColumn, newColumn } = change;
  const reason = unmappableReason(subject);
  const number = (index: number) => migrationNumber(subject, index);
  const chosen = argumentFor(change);
  const test = files.find(({ path }) => path.startsWith('test/'));
  return `Written:
${files.map(({ path }) => `  ${path}`).join('\n')}
${unreviewed.length === 0 ? '' : `\nReview, before expand:\n${unreviewed.map((sentence) => `  ${sentence}\n`).join('')}`}
Now:
${test === undefined ? '' : `  npm test -- ${test.path}\n`}  npx online-migration preflight ${chosen}

Release 1, which knows both columns:
  ${
    reason !== null
      ? `${reason}: follow the active column of ${words.declaration}, and use its name in every
  statement. docs/adapting.md shows the lines.`
      : `Register the three mappings of ${words.mappings} with the ORM, follow the active column of ${words.declaration}, and
  use the mapping of its form in every unit of work: docs/adapting.md shows the lines.`
  }
  When every process runs it:
    npx mikro-orm migration:up --to ${number(0)}    expand
    npx mikro-orm migration:up --to ${number(1)}    backfill
    npx mikro-orm migration:up --to ${number(2)}    enforce; the application switches over to ${newColumn.name} by itself
  When no older release runs any more:
    npx mikro-orm migration:up --to ${number(3)}    contract
    npx mikro-orm migration:up --to ${number(4)}    rename

Release 2, which knows ${oldColumn.name} as ${newColumn.type} alone:
  ${reason !== null ? 'Take' : 'Keep the mapping of the form `renamed`, delete the other two, and take'} the change out of src/column-changes.ts.

npx online-migration status ${chosen} --watch shows its progress.`;
}
