import {
  type Answers,
  answersFrom,
  NO_ANSWERS,
} from '../../../../src/online-migration/mikro-orm/creation/questions/answers.ts';
import { OnlineMigrationError } from '../../../../src/online-migration/index.ts';
import { expect } from '@jest/globals';
import type { TestedDatabase } from '../../../support/tested-database.ts';
import { type Catalog, readCatalog } from '../../ordinary/edits/catalog.ts';
import { fillTables } from '../../ordinary/edits/fill-tables.ts';
import { createTables } from '../../ordinary/edits/run-edit.ts';
import type { Course, CreatedEdit, Author } from './created-edit.ts';
import { catalogDifferences } from './catalog-differences.ts';
import { type GeneratedProject, openGeneratedProject } from './generated-project.ts';
import { lostValues, readRows, withoutDropped } from './kept-values.ts';
import { copiedAnswers } from './printed-answers.ts';

/** The course of most edits. */
const PLAIN: Course = { asked: [], written: [['ordinary']], differs: [], lost: [], left: [] };
/** Of writing and running; `migration:create` finds differences for ever if MikroORM reads its own statement in another form. */
const MOST_ROUNDS = 3;

/**
 * Carries out an edit as its author does: writes migrations, answers as the errors say, loads and runs the files, until nothing is left to write.
 * Then goes all the way back.
 */
export async function runCreated(
  database: TestedDatabase,
  { author = {}, ...edit }: CreatedEdit,
): Promise<Course> {
  const { client, url } = database;
  const wanted = await catalogOf(database, edit);
  await createTables(database, edit);
  await fillTables(client, edit.values);
  const before = await readCatalog(client);
  const rows = await readRows(client);
  await using project = await openGeneratedProject(url, edit.after());
  const names = new Map<string, string>();
  const course = {
    asked: [] as string[],
    written: [] as string[][],
    differs: [] as string[],
    lost: [] as string[],
  };
  let refused: string | undefined = await writeAndRun(project, author, course, names).then(
    () => undefined,
    refusedAt('up'),
  );
  const between = await readRows(client);
  course.lost.push(...lostValues(rows, between, names));
  if (refused !== undefined)
    return { ...course, refused, left: catalogDifferences(before, await readCatalog(client)) };
  const tables = new Map(
    [...names].filter(([from]) => rows.has(from)).map(([from, to]) => [tableOf(from), tableOf(to)]),
  );
  course.differs.push(...catalogDifferences(wanted!, await readCatalog(client), tables));
  if (await project.migrator.checkSchema()) course.differs.push('migration:check');
  refused = await project.migrator.down({ to: 0 }).then(() => undefined, refusedAt('down'));
  if (refused !== undefined) return { ...course, refused, left: [] };
  const kept = withoutDropped(rows, between, names);
  course.lost.push(...lostValues(kept, await readRows(client), new Map()).map((text) => `back: ${text}`));
  return { ...course, left: catalogDifferences(before, await readCatalog(client)) };
}

/** Turns a refusal into its code. */
function refusedAt(step: 'up' | 'down') {
  return (error: unknown): string => {
    if (error instanceof OnlineMigrationError) return `${step}: ${error.code}`;
    throw error;
  };
}

/** The catalog that MikroORM makes of the entities after the edit; undefined if they do not exist without those before. */
async function catalogOf(database: TestedDatabase, edit: CreatedEdit): Promise<Catalog | undefined> {
  if (edit.refusedAlways) return undefined;
  await createTables(database, { ...edit, before: edit.after });
  return await readCatalog(database.client);
}

/** Carries out an edit, and compares its course. */
export async function expectCreated(database: TestedDatabase, edit: CreatedEdit): Promise<void> {
  expect(await runCreated(database, edit)).toEqual({ ...PLAIN, ...edit.course });
}

async function writeAndRun(
  project: GeneratedProject,
  author: Author,
  course: { readonly asked: string[]; readonly written: string[][] },
  names: Map<string, string>,
): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const earlier = await project.files();
    await writeAnswered(project, round === 0 ? author : {}, course.asked, names);
    const files = (await project.files()).filter((file) => !earlier.includes(file));
    if (files.length === 0) return;
    course.written.push(files.map((file) => /^Migration\d{14}(?:_(.*))?\.ts$/.exec(file)?.[1] ?? 'ordinary'));
    await project.migrator.up();
  }
}

/** Writes a migration. The questions come first, so that the error's command is seen to work. */
export async function writeAnswered(
  { migrator }: GeneratedProject,
  author: Author = {},
  asked: string[] = [],
  names = new Map<string, string>(),
): Promise<void> {
  let answers = NO_ANSWERS;
  for (let round = 0; ; round++) {
    migrator.answerBy(answers);
    try {
      await migrator.create();
      return;
    } catch (error) {
      if (round === MOST_ROUNDS) throw error;
      const copied = await copiedAnswers(error, author.values ?? {});
      answers = author.answers === undefined ? copied : answersFrom(author.answers);
      const questions = (error as OnlineMigrationError).details['questions'] as readonly Asked[];
      asked.push(...questions.map(({ kind, name }) => `${kind} ${name}`));
      for (const question of questions) nameAnew(question, answers, names);
    }
  }
}

/** The name of a table without its schema. */
function tableOf(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}

interface Asked {
  readonly kind: 'column' | 'table' | 'label' | 'fill';
  readonly name: string;
}

function nameAnew({ kind, name }: Asked, { renames }: Answers, names: Map<string, string>): void {
  const [, to] = [...renames].find(([from]) => name === from || name.endsWith(`.${from}`)) ?? [];
  if (to === undefined) return;
  if (kind === 'table') names.set(name, to.includes('.') ? to : `${name.slice(0, name.indexOf('.'))}.${to}`);
  else names.set(kind === 'label' ? name.slice(name.lastIndexOf('.') + 1) : name, to);
}
