import { isatty } from 'node:tty';
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import type { Config } from '../config.ts';

/** Between pino's `info` and its `warn`, as syslog has it: normal, but significant. */
const NOTICE = 35;

/** So many bytes are written at once, or what has gathered after so long. */
const GATHERED_BYTES = 4096;
const LATEST_FLUSH_MS = 100;

/** Standard output. */
const OUTPUT = 1;

/** The log of a process. Requests are `info`; what happens between them is `notice` or more. */
export type Log = Logger<'notice'>;

/**
 * @param level from which on lines are written
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

/** A log that is open; disposing of it writes what is not written yet. */
export interface OpenLog extends Disposable {
  readonly log: Log;
}

/**
 * Opens the log on standard output: lines for people in a terminal, JSON everywhere else. Lines are written together, a
 * moment later; a process that is killed loses those of that moment.
 *
 * @param level from which on lines are written
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
  // A write for each line would be a good part of what a request costs.
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
