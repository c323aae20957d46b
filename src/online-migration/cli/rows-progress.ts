import { SingleBar } from 'cli-progress';
import { rowCount, rowsOf } from '../change/row-count.ts';

/** How often a line appears if the output is not a terminal. */
const LINE_INTERVAL_MS = 2_000;

/** The progress of work on rows; disposing of it ends the display. */
export interface RowsProgress extends Disposable {
  /**
   * @param rowsDone number of finished rows
   * @param rowsExpected the total, or an estimate
   */
  update(rowsDone: number, rowsExpected: number): void;
}

/** A bar in a terminal; otherwise a line every two seconds. */
export function showRowsProgress(output: NodeJS.WriteStream): RowsProgress {
  return output.isTTY ? showBar(output) : writeLines(output);
}

function showBar(stream: NodeJS.WriteStream): RowsProgress {
  const bar = new SingleBar({
    stream,
    format: '{bar} {percentage} %, {value} of {total} rows, {eta_formatted} left',
    formatValue: (value, _options, type) => (type === 'percentage' ? String(value) : rowCount(value)),
    // The library's own handler of Ctrl-C would end the display before the command has ended.
    gracefulExit: false,
  });
  let isStarted = false;
  return {
    update: (rowsDone, rowsExpected) => {
      const total = Math.max(rowsDone, rowsExpected);
      if (!isStarted) bar.start(total, rowsDone);
      isStarted = true;
      if (total > bar.getTotal()) bar.setTotal(total);
      bar.update(rowsDone);
    },
    [Symbol.dispose]: () => {
      if (isStarted) bar.stop();
      isStarted = false;
    },
  };
}

function writeLines(output: NodeJS.WriteStream): RowsProgress {
  const began = performance.now();
  let lastLine = began;
  return {
    update: (rowsDone, rowsExpected) => {
      const now = performance.now();
      if (now - lastLine < LINE_INTERVAL_MS) return;
      lastLine = now;
      const rowsPerSecond = (rowsDone * 1000) / (now - began);
      output.write(
        `${rowCount(rowsDone)} of ${rowsOf(Math.max(rowsExpected, rowsDone))}, ${rowCount(rowsPerSecond)} rows/s\n`,
      );
    },
    [Symbol.dispose]: () => {},
  };
}
