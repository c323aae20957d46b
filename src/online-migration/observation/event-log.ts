import { SingleBar } from 'cli-progress';
import { rowCount, rowsOf } from '../change/row-count.ts';
import type { BackfillProgressed, Emit, OnlineMigrationEvent } from '../change/events.ts';

/** Short enough to show that the backfill is still running. */
const LINE_INTERVAL_MS = 1_000;
/** Leaves room for the longest numbers in a terminal of 80 columns; longer text is cut off. */
const BAR_CHARACTERS = 10;
/** Moves the cursor to the beginning of the line and clears the line. */
const CLEAR_LINE = '\r\u001B[2K';
/** MikroORM logs the beginning and the end of each migration itself, and the progress shows that a backfill has begun. */
const LEFT_OUT: ReadonlySet<OnlineMigrationEvent['type']> = new Set([
  'migration-started',
  'migration-finished',
  'backfill-planned',
]);

/** Shows events to people; disposing of it ends the display of the progress. */
export interface EventLog extends Disposable {
  readonly listen: Emit;
}

/** Shows the progress of a backfill; disposing of it shows the last state and ends the display. */
interface ProgressDisplay extends Disposable {
  readonly update: (progress: BackfillProgressed) => void;
  /** Writes a line without garbling the displayed progress. */
  readonly write: (line: string) => void;
}

/**
 * Shows events to people: each message as a line, and the progress of a backfill as a bar in a terminal. Elsewhere it
 * writes a progress line every second, even during a long batch.
 * @param write writes a line to the output
 * @param output shows the bar, if it is a terminal
 */
export function logEvents(
  write: (line: string) => void,
  output: NodeJS.WriteStream = process.stdout,
): EventLog {
  let display: ProgressDisplay | undefined;
  const endDisplay = () => {
    display?.[Symbol.dispose]();
    display = undefined;
  };
  return {
    listen: (event) => {
      if (LEFT_OUT.has(event.type)) return;
      if (event.type === 'backfill-progress') {
        display ??= output.isTTY ? showBar(write, output) : writeLines(write);
        display.update(event);
        return;
      }
      if (event.type === 'backfill-finished' || event.type === 'worker-finished') endDisplay();
      if (display === undefined) write(event.message);
      else display.write(event.message);
    },
    [Symbol.dispose]: endDisplay,
  };
}

function showBar(write: (line: string) => void, stream: NodeJS.WriteStream): ProgressDisplay {
  const bar = new SingleBar({
    stream,
    format: 'backfill {bar} {text}',
    barsize: BAR_CHARACTERS,
    // The library's own handler of Ctrl-C would end the display before the batch has ended.
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
    write: (line) => {
      if (isStarted) stream.write(CLEAR_LINE);
      write(line);
    },
    [Symbol.dispose]: () => {
      if (isStarted) bar.stop();
    },
  };
}

function writeLines(write: (line: string) => void): ProgressDisplay {
  let latest: BackfillProgressed | undefined;
  const writeLatest = () => {
    if (latest !== undefined) write(`backfill: ${progressText(latest)}`);
  };
  const timer = setInterval(writeLatest, LINE_INTERVAL_MS);
  return {
    update: (progress) => {
      latest = progress;
    },
    write,
    [Symbol.dispose]: () => {
      clearInterval(timer);
      writeLatest();
    },
  };
}

function barText({ percent, rowsDone, rowsPerSecond, secondsLeft, pausedFor }: BackfillProgressed): string {
  const now =
    pausedFor === null
      ? `${rowCount(rowsPerSecond)} rows/s, ${duration(secondsLeft)} left`
      : `waits: ${pausedFor}`;
  return `${percent.toFixed(1)} %, ${rowsOf(rowsDone)}, ${now}`;
}

/** Rows, percent, rows per second, time left, and the reason for waiting. */
function progressText(progress: BackfillProgressed): string {
  return (
    `${rowCount(progress.rowsDone)} of ${rowsOf(progress.rowsTotal)}, ${progress.percent.toFixed(1)} %, ` +
    `${rowCount(progress.rowsPerSecond)} rows/s, time left ${duration(progress.secondsLeft)}` +
    (progress.pausedFor === null ? '' : `, waits: ${progress.pausedFor}`)
  );
}

function duration(seconds: number | null): string {
  if (seconds === null) return 'unknown';
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes === 0 ? `${whole} s` : `${minutes} min ${whole % 60} s`;
}
