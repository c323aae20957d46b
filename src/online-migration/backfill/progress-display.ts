import { SingleBar } from 'cli-progress';
import type { BackfillReport } from './ranges/meter.ts';

/** Someone who watches must never wonder whether it still runs. */
const LINE_INTERVAL_MS = 1_000;
/** Leaves room for the longest numbers in a terminal of 80 columns; what is longer is cut. */
const BAR_CHARACTERS = 10;
/** Goes to the line's beginning and clears it. */
const CLEAR_LINE = '\r\u001B[2K';

/** Shows how far a backfill is; disposing of it shows the last state and ends the display. */
export interface ProgressDisplay extends Disposable {
  /** Takes the newest progress. */
  readonly update: (progress: BackfillReport) => void;
  /** Writes a line, without garbling what is shown. */
  readonly log: (line: string) => void;
}

/**
 * A bar in a terminal; elsewhere a line every second, also while one batch takes longer.
 * @param log writes a line to the same output
 * @param output where it is shown
 */
export function showProgress(
  log: (line: string) => void,
  output: NodeJS.WriteStream = process.stdout,
): ProgressDisplay {
  return output.isTTY ? showBar(log, output) : writeLines(log);
}

function showBar(log: (line: string) => void, stream: NodeJS.WriteStream): ProgressDisplay {
  const bar = new SingleBar({
    stream,
    format: 'backfill {bar} {text}',
    barsize: BAR_CHARACTERS,
    // Its own handler of Ctrl-C would end the display before the batch has ended.
    gracefulExit: false,
  });
  let isStarted = false;
  return {
    update: (progress) => {
      const text = barText(progress);
      if (isStarted) bar.update(progress.percent, { text });
      else bar.start(100, progress.percent, { text });
      isStarted = true;
    },
    log: (line) => {
      if (isStarted) stream.write(CLEAR_LINE);
      log(line);
    },
    [Symbol.dispose]: () => {
      if (isStarted) bar.stop();
    },
  };
}

function writeLines(log: (line: string) => void): ProgressDisplay {
  let latest: BackfillReport | undefined;
  const write = () => {
    if (latest !== undefined) log(`backfill: ${progressText(latest)}`);
  };
  const timer = setInterval(write, LINE_INTERVAL_MS);
  return {
    update: (progress) => {
      latest = progress;
    },
    log,
    [Symbol.dispose]: () => {
      clearInterval(timer);
      write();
    },
  };
}

function barText({ percent, rowsDone, rowsPerSecond, secondsLeft, pausedFor }: BackfillReport): string {
  const now =
    pausedFor === null
      ? `${count(rowsPerSecond)} rows/s, ${duration(secondsLeft)} left`
      : `waits: ${pausedFor}`;
  return `${percent.toFixed(1)} %, ${count(rowsDone)} rows, ${now}`;
}

/** Rows, percent, rows per second, time left, and why it waits. */
function progressText(progress: BackfillReport): string {
  return (
    `${count(progress.rowsDone)} of ${count(progress.rowsTotal)} rows, ${progress.percent.toFixed(1)} %, ` +
    `${count(progress.rowsPerSecond)} rows/s, time left ${duration(progress.secondsLeft)}` +
    (progress.pausedFor === null ? '' : `, waits: ${progress.pausedFor}`)
  );
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function duration(seconds: number | null): string {
  if (seconds === null) return 'unknown';
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes === 0 ? `${whole} s` : `${minutes} min ${whole % 60} s`;
}
