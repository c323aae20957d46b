import { createLogUpdate } from 'log-update';
import { progressBar } from '../harness/progress-bar.ts';
import { rowCount } from '../../command-line/row-count.ts';
import type { Summary } from '../harness/tally.ts';
import type { LockTime } from './lock-times.ts';
import type { MeasuredRun } from './measured-run.ts';
import type { PgrollStep } from './pgroll-command.ts';
import type { PlannedRun } from './plan.ts';

/** Receives the progress of a benchmark. */
export interface BenchObserver {
  /** A task starts: its number, the number of tasks, and its name. */
  readonly begins: (number: number, of: number, task: string) => void;
  /** The task has finished, with a short result. */
  readonly ended: (outcome: string) => void;
}

const REDRAW_MS = 100;

/**
 * Shows the progress of the benchmark: a line per finished task. On a terminal, a line below shows the current task,
 * its duration and the number of finished tasks.
 *
 * @param output receives the display
 * @returns the observer; disposing of it ends the display
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
    begins: (number, of, task) => {
      const began = performance.now();
      begin = () => lines.begins(number, of, task);
      drawn = () => {
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        return `${number} of ${of}: ${task} ${seconds} s\n${progressBar((100 * (number - 1)) / of)}`;
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
 * Writes a line per task: its name at the start, its result at the end.
 *
 * @param write receives text, including newlines
 * @returns the observer, and a function that ends an unfinished line after an error
 */
function writeProgress(write: (text: string) => void): BenchObserver & Disposable {
  let isOpen = false;
  return {
    begins: (number, of, task) => {
      write(`${number} of ${of}: ${task} … `);
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

/** The name of a run in the progress. */
export function describePlan({ method, variant, rows, isLoaded }: PlannedRun): string {
  const name = method.variants.length === 1 ? method.name : `${method.name} ${variant}`;
  return `${name} on ${rowCount(rows)} rows${isLoaded ? ', with load' : ''}`;
}

/** The duration of each of pgroll's commands. */
export function describePgroll(steps: readonly PgrollStep[]): string {
  return steps.map(({ command, seconds }) => `${command} ${seconds.toFixed(1)} s`).join(', ');
}

/** A short description of a run. */
export function describeRun({ seconds, longestBatchMs, heapGrowth, api }: MeasuredRun): string {
  const words = [
    `${seconds.toFixed(1)} s`,
    `longest batch ${Math.round(longestBatchMs)} ms`,
    `heap ${heapGrowth.toFixed(2)}×`,
  ];
  return [...words, ...(api === null ? [] : [describeSummary(api)])].join(', ');
}

/** A short description of the requests. */
export function describeSummary({ requests, failed, p99Ms }: Summary): string {
  return `${rowCount(requests)} requests, ${rowCount(failed)} failed, p99 ${p99Ms.toFixed(1)} ms`;
}

/** The longest of several locks, as a short text. */
export function describeLocks(locks: readonly LockTime[]): string {
  const longest = Math.max(...locks.flatMap(({ heldMs }) => heldMs));
  return `at most ${longest.toFixed(1)} ms`;
}
