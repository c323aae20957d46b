import type { BackfillReport } from './meter.ts';

/** Someone who watches must never wonder whether it still runs. */
const INTERVAL_MS = 1_000;

/** Turns the reports of a backfill into a line every second, also while one batch takes longer. */
export interface ProgressLines extends Disposable {
  /** Takes the newest progress. */
  readonly update: (progress: BackfillReport) => void;
}

/**
 * Starts the lines; disposing of it writes the last one.
 * @param log receives each line
 */
export function reportProgress(log: (line: string) => void): ProgressLines {
  let latest: BackfillReport | undefined;
  const write = () => {
    if (latest !== undefined) log(progressLine(latest));
  };
  const timer = setInterval(write, INTERVAL_MS);
  return {
    update: (progress) => {
      latest = progress;
    },
    [Symbol.dispose]: () => {
      clearInterval(timer);
      write();
    },
  };
}

/** One line for people: rows, percent, rows per second, time left. */
function progressLine(progress: BackfillReport): string {
  const left = progress.secondsLeft === null ? 'unknown' : duration(progress.secondsLeft);
  return (
    `backfill: ${count(progress.rowsDone)} of ${count(progress.rowsTotal)} rows, ${progress.percent.toFixed(1)} %, ` +
    `${count(progress.rowsPerSecond)} rows/s, time left ${left}` +
    (progress.pausedFor === null ? '' : `, waits: ${progress.pausedFor}`)
  );
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes === 0 ? `${whole} s` : `${minutes} min ${whole % 60} s`;
}
