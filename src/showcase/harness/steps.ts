import { setTimeout as delay } from 'node:timers/promises';
import type { Load } from './load.ts';
import type { MeasuredStep } from './step-table.ts';
import { Tally } from './tally.ts';

/** How long the load continues after a step, as part of it: effects on requests may appear later. */
const SETTLING_MS = 1_000;

/** A step that runs under load. */
export interface Step {
  readonly name: string;
  /** @param report receives the completed share in percent */
  readonly run: (report: (percent: number) => void) => Promise<unknown>;
}

/** Receives the start and end of steps. */
export interface StepObserver {
  readonly stepBegins: (step: Step) => void;
  readonly stepEnded: (step: MeasuredStep) => void;
  /** The completed share of the current task, in percent. */
  readonly progressed: (percent: number) => void;
}

/** The measurements of all steps of one load. */
export interface Measurements {
  readonly steps: readonly MeasuredStep[];
  /** The first failures of each step, one line each. */
  readonly failures: readonly string[];
  /** The requests and the duration of all steps except the first, which is the idle one. */
  readonly total: MeasuredStep;
}

/**
 * Runs the steps under load, one by one, then stops the load. A request belongs to the step in which it started; the
 * steps follow each other without a gap.
 *
 * @param load a started load for these steps only
 * @param steps at least one; the first is the idle baseline. The next step is requested when the previous one has ended
 * @param signal ends the settling time after a step
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
