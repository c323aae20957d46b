import { type ChangedColumn, isRename } from '../../change/changed-column.ts';
import type { Stage } from '../../observation/stage.ts';
import { argumentFor } from '../project/chosen-change.ts';
import { entityAdvice, unmappableReason } from './entity-advice.ts';
import { isToBeWritten, migrationNumber, type NewChange } from './new-change.ts';
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
  // Only the template has generated tests.
  const test = files.find(({ path }) => path.startsWith('test/'));
  const reason = unmappableReason(subject);
  const isFollowedByOrm = hasMigrations && reason === null;
  const following = isFollowedByOrm
    ? entityAdvice(subject, test !== undefined)
    : [
        `${hasMigrations ? `${reason}: follow` : 'Follow'} the active column of ${words.declaration}, and use its name in every`,
        `statement. docs/other-tools.md shows the lines.`,
      ];
  return `Files written:
${files.map(({ path }) => `  ${path}`).join('\n')}
${unreviewed.length === 0 ? '' : `\nReview before expand:\n${unreviewed.map((sentence) => `  ${sentence}\n`).join('')}`}
Next:
${writing(subject)}${config === undefined ? '' : `  Add the \`columnChanges\` of src/column-changes.ts to \`changes\` of ${config}.\n`}${test === undefined ? '' : `  npm test -- ${test.path}\n`}  npx online-migration preflight ${chosen}

Release 1, which knows both ${isRename(change) ? 'names' : 'columns'}:
${following.map((line) => `  ${line}`).join('\n')}
${stepsOf(change, up)}

Release 2, which knows ${isRename(change) ? `only ${newColumn.name}` : `${oldColumn.name} only as ${newColumn.type}`}:
  Remove the change from src/column-changes.ts${isFollowedByOrm ? ` and from the \`changes\` ${test === undefined ? 'of `followedOrm`' : 'of the feature'}` : ''}.

npx online-migration status ${chosen} --watch shows the progress.`;
}

/** The steps of a change whose conversion is not written yet. */
function writing({ change, conversion, words, ...subject }: NewChange): string {
  if (!isToBeWritten({ conversion })) return '';
  const { oldColumn, newColumn } = change;
  const steps = [
    `The package has no conversion from ${oldColumn.type} to ${newColumn.type}:`,
    `write \`forward\` and \`backward\` in src/${words.folder}/${words.file}-conversion.ts, as docs/adapting.md shows. Until then, the change is refused.`,
    ...(oldColumn.default === undefined
      ? []
      : [`Declare the new default, \`to.default\`, in src/${words.folder}/${words.file}-change.ts.`]),
    ...(subject.sample.length === 0
      ? []
      : [`The test has values of ${subject.table.name}: write the new ones, and remove personal data.`]),
  ];
  return `  ${steps.join('\n  ')}\n`;
}

/** The phases, with the releases that they wait for. */
function stepsOf(change: ChangedColumn, up: (index: number, stage: Stage) => string): string {
  const { oldColumn, newColumn } = change;
  if (isRename(change)) {
    return `  When no process runs an older release, and no other program uses ${oldColumn.name}:
    ${up(0, 'renamed')}    rename; the application follows by itself
  docs/how-it-works.md says which programs survive it.`;
  }
  return `  When all processes run it:
    ${up(0, 'expanded')}    expand
    ${up(1, 'backfilled')}    backfill
    ${up(2, 'enforced')}    enforce; the application switches over to ${newColumn.name} by itself
  When no process runs an older release:
${
  change.renameInContract
    ? `    ${up(3, 'renamed')}    contract, which also renames`
    : `    ${up(3, 'contracted')}    contract
    ${up(4, 'renamed')}    rename`
}`;
}
