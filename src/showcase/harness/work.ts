import type { StepObserver } from './steps.ts';

/** Receives the progress of a command. */
export interface WorkObserver extends StepObserver {
  /** Starts a task that is not a step. */
  readonly workBegins: (what: string) => void;
  readonly workEnded: (seconds: number) => void;
  /**
   * Steps follow.
   * @param names of the steps known so far, in order
   */
  readonly stepsFollow: (heading: string, names: readonly string[]) => void;
}

/**
 * Runs a task that is not a step, and reports its duration to the observer.
 *
 * @param signal if it is aborted, the task does not start
 * @param work receives a callback for the completed share in percent
 */
export async function observeWork<T>(
  observer: WorkObserver,
  signal: AbortSignal,
  what: string,
  work: (report: (percent: number) => void) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  observer.workBegins(what);
  const began = performance.now();
  const result = await work((percent) => observer.progressed(percent));
  observer.workEnded((performance.now() - began) / 1000);
  return result;
}
