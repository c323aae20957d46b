import { setTimeout as delay } from 'node:timers/promises';
import type { Load } from './load.ts';
import type { MeasuredStep } from './step-table.ts';
import { Tally } from './tally.ts';

/** How long the load goes on after a step, as part of it: what it did to the requests may show a little later. */
const SETTLING_MS = 1_000;

/** Something that happens while the load runs. */
export interface Step {
  readonly name: string;
  /** @param report takes how much of it is done, in percent */
  readonly run: (report: (percent: number) => void) => Promise<unknown>;
}

/** Is told when steps begin and end. */
export interface StepObserver {
  readonly stepBegins: (step: Step) => void;
  readonly stepEnded: (step: MeasuredStep) => void;
  /** How much of what began last is done, in percent. */
  readonly progressed: (percent: number) => void;
}

/** All steps of one load. */
export interface Measurements {
  readonly steps: readonly MeasuredStep[];
  /** The first failures of each step, in a line each. */
  readonly failures: readonly string[];
  /** The requests of all steps but the first, which is the idle one, and the time that these steps took. */
  readonly total: MeasuredStep;
}

/**
 * Runs the steps one by one while the load runs, and ends the load. A request belongs to the step in which it began; there
 * is no moment between two steps, so each request belongs to one.
 *
 * @param load started, and used for nothing else
 * @param steps one at least; the first one is the idle baseline. Whether there is one more is asked when the one before it
 *   has ended
 * @param signal ends the wait behind a step
 */
export async function measureSteps(
  load: Load,
  steps: Iterable<Step>,
  signal: AbortSignal,
  observer: StepObserver,
): Promise<Measurements> {
  const measured: MeasuredStep[] = [];
  const failures: string[] = [];
  const total = new Tally();
  const remaining = steps[Symbol.iterator]();
  for (let { value: step, done } = remaining.next(); done !== true;) {
    observer.stepBegins(step);
    const began = performance.now();
    await step.run((percent: number) => observer.progressed(percent));
    const seconds = Math.round(performance.now() - began) / 1000;
    await delay(SETTLING_MS, undefined, { signal });
    const { name } = step;
    ({ value: step, done } = remaining.next());
    const tally = done === true ? await load.stop() : await load.nextTally();
    if (measured.length > 0) total.add(tally);
    failures.push(...tally.failures.map((failure) => `${name}: ${failure}`));
    const result = { name, seconds, ...tally.summary() };
    measured.push(result);
    observer.stepEnded(result);
  }
  const seconds = measured.slice(1).reduce((sum, step) => sum + step.seconds, 0);
  return { steps: measured, failures, total: { name: 'total', seconds, ...total.summary() } };
}
