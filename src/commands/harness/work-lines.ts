import { lineBeginning, rightAligned, stepHeadings, stepNumbers } from './step-table.ts';
import type { StepObserver } from './steps.ts';

/** Is told what happens while a command works. */
export interface WorkObserver extends StepObserver {
  /** A piece of work begins that is no step. */
  readonly workBegins: (what: string) => void;
  readonly workEnded: (seconds: number) => void;
  /** Steps follow. */
  readonly stepsFollow: (heading: string) => void;
}

/**
 * Carries out a piece of work that is no step, and tells the observer how long it took.
 *
 * @param signal aborted: the work does not begin
 */
export async function observeWork<T>(
  observer: WorkObserver,
  signal: AbortSignal,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  observer.workBegins(what);
  const began = performance.now();
  const result = await work();
  observer.workEnded((performance.now() - began) / 1000);
  return result;
}

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
    [Symbol.dispose]: () => {
      if (isOpen) end('');
    },
  };
}
