import { SingleBar } from 'cli-progress';
import { rowCount } from './row-count.ts';

/** How often a line appears where the output is no terminal. */
const LINE_INTERVAL_MS = 2_000;

/** Shows how far a work on rows is. Disposing of it ends the display. */
export interface RowsProgress extends Disposable {
  /** @param rowsDone rows that are done so far */
  update(rowsDone: number): void;
}

/**
 * A bar in a terminal, and elsewhere a line every two seconds.
 *
 * @param rows how many there will be, or an estimate
 * @param output where to show it
 */
export function showRowsProgress(rows: number, output: NodeJS.WriteStream): RowsProgress {
  return output.isTTY ? showBar(rows, output) : writeLines(rows, output);
}

function showBar(rows: number, stream: NodeJS.WriteStream): RowsProgress {
  const bar = new SingleBar({
    stream,
    format: '{bar} {percentage} %, {value} of {total} rows, {eta_formatted} left',
    formatValue: (value, _options, type) => (type === 'percentage' ? String(value) : rowCount(value)),
    // Its own handler of Ctrl-C would end the display before the command has ended.
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
