import type { BenchObserver } from './progress.ts';

/** Runs and shows a piece of work. */
export type Piece = <T>(task: string, work: () => Promise<T>, describe: (result: T) => string) => Promise<T>;

/**
 * Numbers the pieces of a benchmark, and shows each with its result.
 *
 * @param pieces their number
 * @param signal ends the benchmark before its next piece
 */
export function numberPieces(pieces: number, signal: AbortSignal, observer: BenchObserver): Piece {
  let begun = 0;
  return async (task, work, describe) => {
    signal.throwIfAborted();
    observer.begins((begun += 1), pieces, task);
    const result = await work();
    observer.ended(describe(result));
    return result;
  };
}
