import type { CodeForm } from './code-form.ts';
import { isRename } from '../change/changed-column.ts';
import { changeNamesOf } from '../change/names.ts';
import type { Stage } from '../observation/stage.ts';
import { argumentFor } from '../change/shell-word.ts';
import { declarationPath } from './declaration-file.ts';
import { phaseNamesOf } from '../change/phase-name.ts';
import { entityAdvice, unmappableReason } from './entity-advice.ts';
import { inSentence, migrationNumber, migrationPath, type NewChange } from './new-change.ts';
import { ownConversionsOf } from './own-conversions.ts';
import { asSql } from './sql-name.ts';
import { typeAlias } from './type-alias.ts';
import type { WrittenFile } from './written-files.ts';

/** The longest `up` command without the name of the change. */
const UP_WIDTH = 'npx online-migration up  --to backfilled'.length;

/** Facts of the project and of the plan that the text depends on. */
interface Surroundings {
  readonly hasMigrations: boolean;
  /** Only the template has generated tests. */
  readonly isTemplate: boolean;
  /** Whether there are several changes, so that each needs a heading. */
  readonly isPlan: boolean;
}

/**
 * Lists the written files and the next steps, in the order of the releases.
 * @param subjects the changes, in the order in which they must be carried out
 * @param form of the project's code
 * @param config the configuration file if it does not list the new changes; undefined if it does
 * @param unreviewed one sentence for each object that a person must review before expand
 * @param order the reason for the order of several changes; by default that of a key and the columns that refer to it
 */
export function instructions(
  subjects: readonly NewChange[],
  files: readonly WrittenFile[],
  form: CodeForm,
  config: string | undefined,
  unreviewed: readonly string[],
  order?: string,
): string {
  const surroundings = {
    hasMigrations: files.some(({ path }) => path.startsWith(firstMigrationOf(subjects[0]!))),
    isTemplate: files.some(({ path }) => path.startsWith('test/')),
    isPlan: subjects.length > 1,
  };
  const tests = files.filter(({ path }) => path.startsWith('test/'));
  const last = subjects.at(-1)!;
  const { newColumn } = last.columns[0].change;
  const arguments_ = subjects.map(({ change }) => argumentFor(change));
  return `${surroundings.isPlan ? `${orderOfPlan(subjects, order)}\n\n` : ''}Files written:
${files.map(({ path }) => `  ${path}`).join('\n')}
${unreviewed.length === 0 ? '' : `\nReview before expand:\n${unreviewed.map((sentence) => `  ${sentence}\n`).join('')}`}
Next:
${subjects.map((subject) => writing(subject, form, tests.length > 0)).join('')}${config === undefined ? '' : `  Add the \`columnChanges\` of ${form.list} to \`changes\` of ${config}.\n`}${tests.length === 0 ? '' : `  npm test -- ${tests.map(({ path }) => path).join(' ')}\n`}${arguments_.map((chosen) => `  npx online-migration preflight ${chosen}`).join('\n')}

Release 1, which knows ${knownBefore(last)}${surroundings.isPlan ? ' of each change' : ''}:
${subjects.map((subject) => ofRelease1(subject, surroundings)).join('\n')}
${surroundings.isPlan ? stepsOfPlan(subjects, surroundings) : stepsOf(last, stepOf(last, surroundings))}

Release 2, which knows ${isRename(last.change) ? `only ${newColumn.name}` : surroundings.isPlan ? `all these columns only as ${typeAlias(newColumn.type)}` : typesAfter(last)}:
  Remove the ${surroundings.isPlan ? 'changes' : 'change'} from ${form.list}${subjects.some((subject) => isFollowedByOrm(subject, surroundings)) ? ` and from the \`changes\` ${tests.length === 0 ? 'of `followedOrm`' : surroundings.isPlan ? 'of the features' : 'of the feature'}` : ''}.

${arguments_.map((chosen) => `npx online-migration status ${chosen} --watch shows the progress.`).join('\n')}`;
}

/** The path of the first migration, without its ending. */
function firstMigrationOf(subject: NewChange): string {
  return migrationPath(subject, 0, phaseNamesOf(subject.change)[0]!);
}

/** The columns with their new types: `total only as numeric`. */
function typesAfter({ columns }: NewChange): string {
  const types = new Set(columns.map(({ change }) => typeAlias(change.newColumn.type)));
  const names = inSentence(columns.map(({ facts }) => facts.name));
  return types.size === 1 ? `${names} only as ${[...types].join()}` : `${names} only with their new types`;
}

/** The columns or names that the first release knows. */
function knownBefore({ change, columns }: NewChange): string {
  if (isRename(change)) return 'both names';
  return columns.length === 1 ? 'both columns' : 'the old and the new columns';
}

function isFollowedByOrm(subject: NewChange, { hasMigrations }: Surroundings): boolean {
  return hasMigrations && unmappableReason(subject) === null;
}

/** How the application follows one change. */
function ofRelease1(subject: NewChange, surroundings: Surroundings): string {
  const reason = unmappableReason(subject);
  const lines = isFollowedByOrm(subject, surroundings)
    ? entityAdvice(subject, surroundings.isTemplate)
    : [
        `${surroundings.hasMigrations ? `${reason}: follow` : 'Follow'} the active ${subject.columns.length === 1 ? 'column' : 'columns'} of ${subject.words.declaration}, and use ${subject.columns.length === 1 ? 'its name' : 'their names'} in every`,
        `statement. docs/other-tools.md shows the lines.`,
      ];
  return lines.map((line) => `  ${line}`).join('\n');
}

/** The command of one phase. */
function stepOf(
  subject: NewChange,
  { hasMigrations }: Surroundings,
): (index: number, stage: Stage) => string {
  const chosen = argumentFor(subject.change);
  return (index, stage) =>
    hasMigrations
      ? `npx mikro-orm migration:up --to ${migrationNumber(subject, index)}`
      : `npx online-migration up ${chosen} --to ${stage}`.padEnd(UP_WIDTH + chosen.length);
}

/** The changes of a plan, and the reason for their order. */
function orderOfPlan(subjects: readonly NewChange[], order: string | undefined): string {
  const last = subjects.at(-1)!;
  const width = Math.max(...subjects.map((subject) => place(subject).length));
  const lines = subjects.map(
    (subject, index) => `  ${index + 1}. ${place(subject).padEnd(width)}    ${typesOf(subject)}`,
  );
  if (order !== undefined) return `Column changes, in their order:\n${lines.join('\n')}\n${order}`;
  const others = subjects.length - 1;
  return `${place(last)} has ${others === 1 ? 'a column that refers to it and is' : `${others} columns that refer to it and are`} as narrow. The changes, in their order:
${lines.join('\n')}
A column comes before the column to which it refers, so that it can hold each value that the latter may get. The foreign keys stay
valid between the changes, because PostgreSQL compares the two types. Finish each change before the next one begins. To write only
the change of ${place(last)}, delete the written files and add --only.`;
}

/** The columns of a change of a plan. */
function place({ table, columns }: NewChange): string {
  return `${asSql(table.schema, table.name)}.${columns.map(({ facts }) => asSql(facts.name)).join(',')}`;
}

/** `integer to bigint`; a rename has two names in place of two types. */
function typesOf({ change, columns }: NewChange): string {
  const ofEach = columns.map(({ change: { oldColumn, newColumn } }) =>
    isRename(change)
      ? `is called ${newColumn.name}`
      : `${typeAlias(oldColumn.type)} to ${typeAlias(newColumn.type)}`,
  );
  return [...new Set(ofEach)].join(', ');
}

/** The phases of all changes of a plan. */
function stepsOfPlan(subjects: readonly NewChange[], surroundings: Surroundings): string {
  return subjects
    .map(
      (subject, index) =>
        `  Change ${index + 1} of ${subjects.length}, ${changeNamesOf(subject.change).change}.
${stepsOf(subject, stepOf(subject, surroundings))}`,
    )
    .join('\n');
}

/** The steps of a change whose conversions are not all written yet. */
function writing(subject: NewChange, form: CodeForm, hasTests: boolean): string {
  const { table, columns: all } = subject;
  const own = ownConversionsOf(subject);
  const columns = own.flatMap((conversion) => conversion.columns);
  const withDefault = columns.filter(({ facts }) => facts.default !== null).map(({ facts }) => facts.name);
  const ofWhich = all.length === 1 ? '' : ` of ${inSentence(withDefault)}`;
  const steps = [
    ...own.flatMap(({ module, columns: [{ change }] }) => [
      `The package has no conversion from ${typeAlias(change.oldColumn.type)} to ${typeAlias(change.newColumn.type)}:`,
      `write \`forward\` and \`backward\` in ${module}.${form.ending}, as docs/adapting.md shows. Until then, the change is refused.`,
    ]),
    ...(withDefault.length === 0
      ? []
      : [
          `Declare the new ${withDefault.length === 1 ? 'default' : 'defaults'}, \`to.default\`${ofWhich}, in ${declarationPath(subject, form)}.`,
        ]),
    ...(!hasTests || columns.every(({ sample }) => sample.length === 0)
      ? []
      : [`The test has values of ${table.name}: write the new ones, and remove personal data.`]),
  ];
  return steps.map((step) => `  ${step}\n`).join('');
}

/** The phases, with the releases that they wait for. */
function stepsOf({ change, columns }: NewChange, up: (index: number, stage: Stage) => string): string {
  const added = inSentence(columns.map((column) => column.change.newColumn.name));
  if (isRename(change)) {
    return `  When no process runs an older release, and no other program uses ${columns[0].facts.name}:
    ${up(0, 'renamed')}    rename; the application follows by itself
  docs/how-it-works.md says which programs survive it.`;
  }
  return `  When all processes run it:
    ${up(0, 'expanded')}    expand
    ${up(1, 'backfilled')}    backfill
    ${up(2, 'enforced')}    enforce; the application switches over to ${added} by itself
  When no process runs an older release:
${
  change.renameInContract
    ? `    ${up(3, 'renamed')}    contract, which also renames`
    : `    ${up(3, 'contracted')}    contract
    ${up(4, 'renamed')}    rename`
}`;
}
