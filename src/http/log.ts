import { isatty } from 'node:tty';
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import type { Config } from '../config.ts';

/** Between pino's `info` and `warn`. As in syslog: normal but significant. */
const NOTICE = 35;

/** Lines are written after this many bytes, or after this time. */
const GATHERED_BYTES = 4096;
const LATEST_FLUSH_MS = 100;

/** Standard output. */
const OUTPUT = 1;

/** The log of a process. Requests are `info`; other events are `notice` or more severe. */
export type Log = Logger<'notice'>;

/**
 * @param level the lowest level to write
 * @param destination receives each line, a JSON object
 */
export function createLog(level: Config['logLevel'], destination: DestinationStream): Log {
  return pino(
    {
      level,
      customLevels: { notice: NOTICE },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: stdTimeFunctions.isoTime,
    },
    destination,
  );
}

/** An open log. Disposing of it writes the buffered lines. */
export interface OpenLog extends Disposable {
  readonly log: Log;
}

/**
 * Opens the log on standard output: pretty-printed on a TTY, JSON otherwise. Lines are buffered briefly; a killed
 * process loses the buffered ones.
 *
 * @param level the lowest level to write
 */
export async function openLog(level: Config['logLevel']): Promise<OpenLog> {
  if (isatty(OUTPUT)) {
    const { default: pretty } = await import('pino-pretty');
    const stream = pretty({
      customLevels: { notice: NOTICE },
      ignore: 'pid,hostname',
      translateTime: 'SYS:HH:MM:ss.l',
      messageFormat: '{msg}{if durationMs} in {durationMs} ms{end}',
      hideObject: true,
      sync: true,
    });
    return { log: createLog(level, stream), [Symbol.dispose]: () => undefined };
  }
  // One write per line would be a large part of a request's cost.
  const destination = pino.destination({
    dest: OUTPUT,
    sync: false,
    minLength: GATHERED_BYTES,
    periodicFlush: LATEST_FLUSH_MS,
  });
  const flush = () => destination.flushSync();
  process.once('exit', flush);
  return { log: createLog(level, destination), [Symbol.dispose]: flush };
}
