import { lineBeginning, rightAligned, stepHeadings, stepNumbers } from './step-table.ts';
import type { WorkObserver } from './work.ts';

/**
 * Writes a line per task: its name at the start, its numbers at the end.
 *
 * @param write receives text, including newlines
 * @returns the observer, and a function that ends an unfinished line after an error
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
