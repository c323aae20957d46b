import { lineBeginning, rightAligned, stepHeadings, stepNumbers } from './step-table.ts';
import type { WorkObserver } from './work.ts';

/**
 * Writes a line for each piece of work: its name when it begins, its numbers when it has ended.
 *
 * @param write receives text, with its line ends
 * @returns what tells of the work, and what ends a line that an error has left open
 */
export function writeLines(write: (text: string) => void): WorkObserver & Disposable {
  let isOpen = false;
  const begin = (name: string) => {
    write(lineBeginning(name));
    isOpen = true;
  };
  const end = (numbers: string) => {
    write(`${numbers}\n`);
    isOpen = false;
  };
  return {
    workBegins: begin,
    workEnded: (seconds) => end(rightAligned(seconds.toFixed(2))),
    stepsFollow: (heading) => write(`\n${heading}\n${stepHeadings()}\n`),
    stepBegins: ({ name }) => begin(name),
    stepEnded: (step) => end(stepNumbers(step)),
    progressed: () => {},
    [Symbol.dispose]: () => {
      if (isOpen) end('');
    },
  };
}
