import { SingleBar } from 'cli-progress';

/** How often a line appears where the output is no terminal. */
const LINE_INTERVAL_MS = 2_000;

/** Shows how far a seeding is. Disposing of it ends the display. */
export interface SeedProgress extends Disposable {
  /** @param rowsDone rows that are seeded so far */
  update(rowsDone: number): void;
}

/**
 * A bar in a terminal, and elsewhere a line every two seconds.
 *
 * @param rows how many there will be
 * @param output where to show it
 */
export function showSeedProgress(rows: number, output: NodeJS.WriteStream): SeedProgress {
  return output.isTTY ? showBar(rows, output) : writeLines(rows, output);
}

/** A number of rows, or of anything, as people read it. */
export function rowCount(rows: number): string {
  return Math.round(rows).toLocaleString('en-US');
}

function showBar(rows: number, stream: NodeJS.WriteStream): SeedProgress {
  const bar = new SingleBar({
    stream,
    format: '{bar} {percentage} %, {value} of {total} rows, {eta_formatted} left',
    formatValue: (value, _options, type) => (type === 'percentage' ? String(value) : rowCount(value)),
    // Its own handler of Ctrl-C would end the display before the command has ended.
    gracefulExit: false,
  });
  bar.start(rows, 0);
  return { update: (rowsDone) => bar.update(rowsDone), [Symbol.dispose]: () => bar.stop() };
}

function writeLines(rows: number, output: NodeJS.WriteStream): SeedProgress {
  const began = performance.now();
  let lastLine = began;
  return {
    update: (rowsDone) => {
      const now = performance.now();
      if (now - lastLine < LINE_INTERVAL_MS) return;
      lastLine = now;
      const rowsPerSecond = (rowsDone * 1000) / (now - began);
      output.write(`${rowCount(rowsDone)} of ${rowCount(rows)} rows, ${rowCount(rowsPerSecond)} rows/s\n`);
    },
    [Symbol.dispose]: () => {},
  };
}
