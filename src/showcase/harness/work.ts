import type { StepObserver } from './steps.ts';

/** Is told what happens while a command works. */
export interface WorkObserver extends StepObserver {
  /** A piece of work begins that is no step. */
  readonly workBegins: (what: string) => void;
  readonly workEnded: (seconds: number) => void;
  /**
   * Steps follow.
   * @param names of those that are known by now, in their order
   */
  readonly stepsFollow: (heading: string, names: readonly string[]) => void;
}

/**
 * Carries out a piece of work that is no step, and tells the observer how long it took.
 *
 * @param signal aborted: the work does not begin
 * @param work gets what takes how much of it is done, in percent
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
