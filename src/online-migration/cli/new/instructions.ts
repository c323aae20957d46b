import type { Stage } from '../../observation/stage.ts';
import { argumentFor } from '../project/chosen-change.ts';
import { unmappableReason } from './mappings-file.ts';
import { migrationNumber, type NewChange } from './new-change.ts';
import type { WrittenFile } from './written-files.ts';

/** The longest `up` command without the name of the change. */
const UP_WIDTH = 'npx online-migration up  --to backfilled'.length;

/**
 * Lists the written files and the next steps, in the order of the releases.
 * @param config the configuration file if it does not list the new change; undefined if it does
 * @param unreviewed one sentence for each object that a person must review before expand
 */
export function instructions(
  subject: NewChange,
  files: readonly WrittenFile[],
  config: string | undefined,
  unreviewed: readonly string[],
): string {
  const { change, words } = subject;
  const { oldColumn, newColumn } = change;
  const chosen = argumentFor(change);
  const hasMigrations = files.some(({ path }) => path.startsWith('migrations/'));
  const up = (index: number, stage: Stage) =>
    hasMigrations
      ? `npx mikro-orm migration:up --to ${migrationNumber(subject, index)}`
      : `npx online-migration up ${chosen} --to ${stage}`.padEnd(UP_WIDTH + chosen.length);
  const reason = unmappableReason(subject);
  const isMapped = hasMigrations && reason === null;
  const test = files.find(({ path }) => path.startsWith('test/'));
  return `Files written:
${files.map(({ path }) => `  ${path}`).join('\n')}
${unreviewed.length === 0 ? '' : `\nReview before expand:\n${unreviewed.map((sentence) => `  ${sentence}\n`).join('')}`}
Next:
${config === undefined ? '' : `  Add the \`columnChanges\` of src/column-changes.ts to \`changes\` of ${config}.\n`}${test === undefined ? '' : `  npm test -- ${test.path}\n`}  npx online-migration preflight ${chosen}

Release 1, which knows both columns:
  ${
    isMapped
      ? `Register the three mappings of ${words.mappings} with the ORM, follow the active column of ${words.declaration}, and
  use the mapping of its form in every unit of work. docs/adapting.md shows the lines.`
      : `${hasMigrations ? `${reason}: follow` : 'Follow'} the active column of ${words.declaration}, and use its name in every
  statement. docs/${hasMigrations ? 'adapting' : 'other-tools'}.md shows the lines.`
  }
  When all processes run it:
    ${up(0, 'expanded')}    expand
    ${up(1, 'backfilled')}    backfill
    ${up(2, 'enforced')}    enforce; the application switches over to ${newColumn.name} by itself
  When no process runs an older release:
    ${up(3, 'contracted')}    contract
    ${up(4, 'renamed')}    rename

Release 2, which knows ${oldColumn.name} only as ${newColumn.type}:
  ${isMapped ? 'Keep the mapping of the form `renamed`, delete the other two, and remove' : 'Remove'} the change from src/column-changes.ts.

npx online-migration status ${chosen} --watch shows the progress.`;
}
