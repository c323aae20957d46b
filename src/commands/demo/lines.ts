import type { DemoObserver } from './run-demo.ts';
import { lineBeginning, stepHeadings, stepNumbers, workNumbers } from './report.ts';

/**
 * Writes a line for each piece of work: its name when it begins, its numbers when it has ended.
 *
 * @param write receives text, with its line ends
 * @returns what tells of the work, and what ends a line that an error has left open
 */
export function writeLines(write: (text: string) => void): DemoObserver & Disposable {
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
    workEnded: (seconds) => end(workNumbers(seconds)),
    wayBegins: (heading) => write(`\n${heading}\n${stepHeadings()}\n`),
    stepBegins: ({ name }) => begin(name),
    stepEnded: (step) => end(stepNumbers(step)),
    [Symbol.dispose]: () => {
      if (isOpen) end('');
    },
  };
}
