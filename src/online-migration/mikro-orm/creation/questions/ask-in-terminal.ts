import { createInterface, type Interface } from 'node:readline/promises';
import { OnlineMigrationError } from '../../../change/online-migration-error.ts';
import type { Answer, Ask, Question } from './questions.ts';

/** The consequence of a drop. */
const LOSS: Readonly<Record<Question['kind'], string>> = {
  column: ': its values are lost',
  table: ': its rows are lost',
  label: ': the label stays in the enum, unused',
  fill: '',
};

/** Asks the person at the terminal; undefined if there is none, as in CI. */
export function terminalOf(input: NodeJS.ReadStream, output: NodeJS.WriteStream): Ask | undefined {
  if (!input.isTTY || !output.isTTY) return undefined;
  return async (question) => {
    using lines = createInterface({ input, output });
    output.write(`\n${question.text}.\n`);
    if (question.kind === 'fill') return await askForValue(lines);
    const choices = choicesOf(question);
    output.write(choices.map(choiceText).join(''));
    return await askForNumber(lines, choices);
  };
}

interface Choice {
  readonly text: string;
  readonly statements: readonly string[];
  readonly answer: Answer;
}

function choicesOf(question: Question): Choice[] {
  const { kind, names, candidates, statements = () => [] } = question;
  const name = names[0]!;
  const kept = kind === 'label' ? 'the rows get the new label' : 'its values are kept';
  const choice = (text: string, answer: Answer): Choice => ({
    text,
    answer,
    statements: statements(answer, candidates),
  });
  return [
    ...candidates.map((to) => choice(`${name} is called ${to} now: ${kept}`, { kind: 'renamed', to })),
    choice(`${name} is not needed any more${LOSS[kind]}`, { kind: 'dropped' }),
  ];
}

function choiceText({ text, statements }: Choice, place: number): string {
  return `  ${place + 1}  ${text}\n${statements.map((sql) => `       ${sql}\n`).join('')}`;
}

async function askForNumber(lines: Interface, choices: readonly Choice[]): Promise<Answer> {
  for (;;) {
    const number = await answerTo(lines, `Which one (1 to ${choices.length})? `);
    const chosen = choices[Number(number) - 1];
    if (chosen !== undefined) return chosen.answer;
  }
}

async function askForValue(lines: Interface): Promise<Answer> {
  let by = '';
  while (by === '') by = await answerTo(lines, 'SQL expression for these rows: ');
  return { kind: 'filled', by };
}

/** @throws OnlineMigrationError on Ctrl-C and at the end of the input */
async function answerTo(lines: Interface, question: string): Promise<string> {
  const closed = new AbortController();
  const abort = () => closed.abort();
  lines.once('close', abort);
  try {
    return (await lines.question(question, { signal: closed.signal })).trim();
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
    throw new OnlineMigrationError(
      'ANSWER_NEEDED',
      'The question has no answer, and nothing was written. Run the same command again, or answer with the options of ' +
        '`npx online-migration create`.',
      {},
      { cause: error },
    );
  } finally {
    lines.off('close', abort);
  }
}
