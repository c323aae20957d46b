import { OnlineMigrationError } from '../../../change/online-migration-error.ts';
import { inShell } from '../../../change/shell-word.ts';
import type { Answers } from './answers.ts';

/** A question on values that a new migration would lose or take for others. */
export interface Question {
  readonly kind: 'column' | 'table' | 'label' | 'fill';
  /** Its names, the shortest first: `note`, `orders.note`, `public.orders.note`. */
  readonly names: readonly string[];
  /** The names that it may have from now on; none for a fill. */
  readonly candidates: readonly string[];
  /** A sentence without a full stop. */
  readonly text: string;
  /**
   * The statements of an answer, for a person who chooses.
   * @param candidates that are still open
   */
  readonly statements?: (answer: Answer, candidates: readonly string[]) => readonly string[];
}

/** The answer to a question. */
export type Answer =
  | { readonly kind: 'renamed'; readonly to: string }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'filled'; readonly by: string };

/** Asks a person, if there is one. */
export type Ask = (question: Question) => Promise<Answer>;

/**
 * Finds the answers to questions, and refuses if some have none.
 *
 * @param ask asks a person; undefined if nobody can answer
 * @returns the answers in the order of the questions
 * @throws OnlineMigrationError if a question has no answer, or an answer names no candidate
 */
export async function answered(
  questions: readonly Question[],
  answers: Answers,
  ask: Ask | undefined,
): Promise<Answer[]> {
  const given = questions.map((question) => answerTo(question, answers));
  const open = questions.filter((_, place) => given[place] === undefined);
  if (open.length > 0 && ask === undefined) throw unanswered(open, answers);
  const complete: Answer[] = [];
  for (const [place, question] of questions.entries()) {
    complete.push(given[place] ?? (await ask!(withoutTaken(question, questions, complete))));
  }
  refuseSameName(questions, complete);
  return complete;
}

/** A question whose candidates no other thing has got. */
function withoutTaken(
  question: Question,
  questions: readonly Question[],
  answers: readonly Answer[],
): Question {
  const taken = answers.flatMap((answer, place) =>
    answer.kind === 'renamed' && isBeside(questions[place]!, question) ? answer.to : [],
  );
  return { ...question, candidates: question.candidates.filter((name) => !taken.includes(name)) };
}

/** Whether two questions are on columns of one table, on tables of one schema, or on labels of one enum. */
function isBeside(one: Question, other: Question): boolean {
  // A name may have dots.
  const ownerOf = ({ kind, names }: Question) => `${kind} ${names.at(-1)!.slice(0, -names[0]!.length)}`;
  return ownerOf(one) === ownerOf(other);
}

function refuseSameName(questions: readonly Question[], answers: readonly Answer[]): void {
  for (const [place, answer] of answers.entries()) {
    const second = answers.findIndex(
      (other, index) =>
        index > place &&
        other.kind === 'renamed' &&
        answer.kind === 'renamed' &&
        other.to === answer.to &&
        isBeside(questions[index]!, questions[place]!),
    );
    if (second === -1 || answer.kind !== 'renamed') continue;
    const names = [place, second].map((index) => shortestName(questions[index]!, questions));
    throw new OnlineMigrationError(
      'WRONG_USAGE',
      `${names.join(' and ')} cannot both become ${answer.to}, and nothing was written. Give one of them another name, or drop it.`,
      { names, to: answer.to },
    );
  }
}

function answerTo(question: Question, { renames, drops, fills }: Answers): Answer | undefined {
  for (const name of question.names) {
    if (question.kind === 'fill') {
      const by = fills.get(name);
      if (by !== undefined) return { kind: 'filled', by };
      continue;
    }
    const to = renames.get(name);
    if (to !== undefined) return { kind: 'renamed', to: candidateOf(question, name, to) };
    if (drops.has(name)) return { kind: 'dropped' };
  }
  return undefined;
}

function candidateOf({ candidates }: Question, name: string, to: string): string {
  // A new name may be written like the old one, with its table.
  const found = candidates.find((candidate) => candidate === to || to.endsWith(`.${candidate}`));
  if (found !== undefined) return found;
  throw new OnlineMigrationError(
    'ANSWER_UNKNOWN',
    `--rename ${name}=${to}: the entities have no new ${to} there, and nothing was written. ` +
      (candidates.length === 0 ? `Nothing new is there.` : `New there: ${candidates.join(', ')}.`),
    { name, to, candidates },
  );
}

/**
 * Refuses answers without a question: it is a typing error, or the author thinks of another difference.
 * @param questions all, or for fills only those on fills
 * @throws OnlineMigrationError that names the first one; also if it belongs to several questions
 */
export function refuseStrayAnswers(
  questions: readonly Question[],
  { renames, drops, fills }: Partial<Answers>,
): void {
  const given = [
    ...[...(renames?.keys() ?? [])].map((name) => ['--rename', name] as const),
    ...[...(drops ?? [])].map((name) => ['--drop', name] as const),
    ...[...(fills?.keys() ?? [])].map((name) => ['--fill', name] as const),
  ];
  for (const [option, name] of given) {
    const asked = questions.filter(({ names }) => names.includes(name));
    if (asked.length === 1) continue;
    const known = questions.map(({ names }) => names.at(-1)!);
    throw new OnlineMigrationError(
      'ANSWER_UNKNOWN',
      asked.length > 1
        ? `${option} ${name} can mean ${asked.map(({ names }) => names.at(-1)).join(' and ')}, and nothing was written. Give the longer name.`
        : `${option} ${name}: the entities and the database raise no question on ${name}, and nothing was written. ` +
            (known.length === 0 ? 'Leave the option out.' : `The questions are on: ${known.join(', ')}.`),
      { option, name, known },
    );
  }
}

function unanswered(questions: readonly Question[], answers: Answers): OnlineMigrationError {
  const lines = questions.map((question) => `  ${question.text}. ${waysOf(question, questions)}`);
  const options = [...optionsOf(answers), ...examplesOf(questions)];
  return new OnlineMigrationError(
    'ANSWER_NEEDED',
    `The entities do not tell what happens to some values, and nothing was written:\n${lines.join('\n')}\n` +
      `Answer with ${questions.length === 1 ? 'an option' : 'options'}: \`npx online-migration create ${options.join(' ')}\`.`,
    { questions: questions.map(({ kind, names, candidates }) => ({ kind, name: names.at(-1), candidates })) },
  );
}

function waysOf(question: Question, all: readonly Question[]): string {
  const name = shortestName(question, all);
  if (question.kind === 'fill') return `The rows need a value: --fill ${inShell(`${name}=<SQL expression>`)}`;
  const renames = question.candidates.map((candidate) => `--rename ${inShell(`${name}=${candidate}`)}`);
  return `It is renamed: ${renames.join(', ')}. Its values are not needed any more: --drop ${inShell(name)}`;
}

/** The options that are given already, and have to be given again. */
function optionsOf({ renames, drops, fills }: Answers): string[] {
  return [
    ...[...renames].map(([name, to]) => `--rename ${inShell(`${name}=${to}`)}`),
    ...[...drops].map((name) => `--drop ${inShell(name)}`),
    ...[...fills].map(([name, by]) => `--fill ${inShell(`${name}=${by}`)}`),
  ];
}

/** An example of an answer to each question: no two names become the same. */
function examplesOf(questions: readonly Question[]): string[] {
  const examples: Answer[] = [];
  return questions.map((question) => {
    const name = shortestName(question, questions);
    if (question.kind === 'fill') {
      examples.push({ kind: 'filled', by: '' });
      return `--fill ${inShell(`${name}=…`)}`;
    }
    const [to] = withoutTaken(question, questions, examples).candidates;
    examples.push(to === undefined ? { kind: 'dropped' } : { kind: 'renamed', to });
    return to === undefined ? `--drop ${inShell(name)}` : `--rename ${inShell(`${name}=${to}`)}`;
  });
}

/** The name with its table, because a short one may be another table's, too; with its schema if that does not suffice. */
function shortestName({ names }: Question, all: readonly Question[]): string {
  const withTable = names.at(names.length > 1 ? -2 : -1)!;
  return all.filter((question) => question.names.includes(withTable)).length > 1 ? names.at(-1)! : withTable;
}
