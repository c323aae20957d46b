import { isatty } from 'node:tty';
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import type { Config } from '../config.ts';

/** Between pino's `info` and its `warn`, as syslog has it: normal, but significant. */
const NOTICE = 35;

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

/**
 * Opens the log on standard output: lines for people in a terminal, JSON everywhere else. Lines that are not written yet
 * are when the process ends, however it ends by itself.
 *
 * @param level from which on lines are written
 */
export async function openLog(level: Config['logLevel']): Promise<Log> {
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
    return createLog(level, stream);
  }
  // A write for each line, waited for, would be a good part of what a request costs.
  const destination = pino.destination({ dest: OUTPUT, sync: false });
  process.once('exit', () => destination.flushSync());
  return createLog(level, destination);
}
