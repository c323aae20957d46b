import { createInterface, type Interface } from 'node:readline/promises';
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
    if (question.kind === 'fill') return askForValue(lines);
    const choices = choicesOf(question);
    output.write(choices.map(({ text }, place) => `  ${place + 1}  ${text}\n`).join(''));
    return askForNumber(lines, choices);
  };
}

interface Choice {
  readonly text: string;
  readonly answer: Answer;
}

function choicesOf({ kind, names, candidates }: Question): Choice[] {
  const name = names[0]!;
  const kept = kind === 'label' ? 'the rows get the new label' : 'its values are kept';
  return [
    ...candidates.map((to): Choice => ({
      text: `${name} is called ${to} now: ${kept}`,
      answer: { kind: 'renamed', to },
    })),
    { text: `${name} is not needed any more${LOSS[kind]}`, answer: { kind: 'dropped' } },
  ];
}

async function askForNumber(lines: Interface, choices: readonly Choice[]): Promise<Answer> {
  for (;;) {
    const number = (await lines.question(`Which one (1 to ${choices.length})? `)).trim();
    const chosen = choices[Number(number) - 1];
    if (chosen !== undefined) return chosen.answer;
  }
}

async function askForValue(lines: Interface): Promise<Answer> {
  let by = '';
  while (by === '') by = (await lines.question('SQL expression for these rows: ')).trim();
  return { kind: 'filled', by };
}
