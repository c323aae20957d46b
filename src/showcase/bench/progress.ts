import { createLogUpdate } from 'log-update';
import { progressBar } from '../harness/progress-bar.ts';
import { rowCount } from '../../command-line/row-count.ts';
import type { Summary } from '../harness/tally.ts';
import type { LockTime } from './lock-times.ts';
import type { MeasuredRun } from './measured-run.ts';

/** Is told what happens. */
export interface BenchObserver {
  /** A piece of work begins: which of how many, and what it is. */
  readonly begins: (number: number, of: number, what: string) => void;
  /** It has ended; what came out, in a few words. */
  readonly ended: (outcome: string) => void;
}

const REDRAW_MS = 100;

/**
 * Shows the work of the benchmark: a line for each piece that has ended, and in a terminal, below them, the piece at work
 * with its time and how many of all pieces are done.
 *
 * @param output where it is shown
 * @returns what tells of the work; disposing of it ends the display
 */
export function showProgress(output: NodeJS.WriteStream): BenchObserver & Disposable {
  return output.isTTY ? redrawProgress(output) : writeProgress((text) => output.write(text));
}

function redrawProgress(output: NodeJS.WriteStream): BenchObserver & Disposable {
  const live = createLogUpdate(output);
  const lines = writeProgress((text) => output.write(text));
  let drawn: (() => string) | undefined;
  let begin: (() => void) | undefined;
  const draw = () => {
    if (drawn !== undefined) live(drawn());
  };
  const timer = setInterval(draw, REDRAW_MS);
  return {
    begins: (number, of, what) => {
      const began = performance.now();
      begin = () => lines.begins(number, of, what);
      drawn = () => {
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        return `${number} of ${of}: ${what} ${seconds} s\n${progressBar((100 * (number - 1)) / of)}`;
      };
      draw();
    },
    ended: (outcome) => {
      live.clear();
      drawn = undefined;
      begin?.();
      lines.ended(outcome);
    },
    [Symbol.dispose]: () => {
      clearInterval(timer);
      live.done();
      lines[Symbol.dispose]();
    },
  };
}

/**
 * Writes a line for each piece of work: which it is when it begins, and what came out when it has ended.
 *
 * @param write receives text, with its line ends
 * @returns what tells of the work, and what ends a line that an error has left open
 */
export function writeProgress(write: (text: string) => void): BenchObserver & Disposable {
  let isOpen = false;
  return {
    begins: (number, of, what) => {
      write(`${number} of ${of}: ${what} … `);
      isOpen = true;
    },
    ended: (outcome) => {
      write(`${outcome}\n`);
      isOpen = false;
    },
    [Symbol.dispose]: () => {
      if (isOpen) write('\n');
    },
  };
}

/** A run in a few words. */
export function describeRun({ seconds, longestBatchMs, heapGrowth, api }: MeasuredRun): string {
  const words = [
    `${seconds.toFixed(1)} s`,
    `longest batch ${Math.round(longestBatchMs)} ms`,
    `heap ${heapGrowth.toFixed(2)}×`,
  ];
  return [...words, ...(api === null ? [] : [describeSummary(api)])].join(', ');
}

/** What requests met, in a few words. */
export function describeSummary({ requests, failed, p99Ms }: Summary): string {
  return `${rowCount(requests)} requests, ${rowCount(failed)} failed, p99 ${p99Ms.toFixed(1)} ms`;
}

/** The longest of several locks, in a few words. */
export function describeLocks(locks: readonly LockTime[]): string {
  const longest = Math.max(...locks.flatMap(({ heldMs }) => heldMs));
  return `at most ${longest.toFixed(1)} ms`;
}
