import { SingleBar } from 'cli-progress';
import { rowCount } from './row-count.ts';

/** Interval between lines if the output is not a terminal. */
const LINE_INTERVAL_MS = 2_000;

/** Shows how many rows are done. Disposing of it ends the display. */
export interface RowsProgress extends Disposable {
  /** @param rowsDone rows done so far */
  update(rowsDone: number): void;
}

/**
 * Shows a bar on a terminal, otherwise a line every two seconds.
 *
 * @param rows the number of rows, or an estimate
 * @param output receives the display
 */
export function showRowsProgress(rows: number, output: NodeJS.WriteStream): RowsProgress {
  return output.isTTY ? showBar(rows, output) : writeLines(rows, output);
}

function showBar(rows: number, stream: NodeJS.WriteStream): RowsProgress {
  const bar = new SingleBar({
    stream,
    format: '{bar} {percentage} %, {value} of {total} rows, {eta_formatted} left',
    formatValue: (value, _options, type) => (type === 'percentage' ? String(value) : rowCount(value)),
    // Its own Ctrl-C handler would end the display before the command ends.
    gracefulExit: false,
  });
  bar.start(rows, 0);
  return {
    update: (rowsDone) => {
      if (rowsDone > bar.getTotal()) bar.setTotal(rowsDone);
      bar.update(rowsDone);
    },
    [Symbol.dispose]: () => bar.stop(),
  };
}

function writeLines(rows: number, output: NodeJS.WriteStream): RowsProgress {
  const began = performance.now();
  let lastLine = began;
  return {
    update: (rowsDone) => {
      const now = performance.now();
      if (now - lastLine < LINE_INTERVAL_MS) return;
      lastLine = now;
      const rowsPerSecond = (rowsDone * 1000) / (now - began);
      output.write(
        `${rowCount(rowsDone)} of ${rowCount(Math.max(rows, rowsDone))} rows, ${rowCount(rowsPerSecond)} rows/s\n`,
      );
    },
    [Symbol.dispose]: () => {},
  };
}
