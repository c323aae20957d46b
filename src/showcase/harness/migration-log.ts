/** A time for which a migration held ACCESS EXCLUSIVE on the table. */
export interface LockHold {
  /** The migration's number: `0002`. */
  readonly migration: string;
  /** What the lock was held for. */
  readonly purpose: string;
  readonly milliseconds: number;
}

const PERCENT = /backfill: .* rows, ([\d.]+) %/;
const PROCESSING = /Processing '(\d{4})_/;
const HELD = /\] (.+): held ACCESS EXCLUSIVE on \S+ for ([\d.]+) ms/;
const FILLED = /backfill: [\d,]+ rows in ([\d.,]+) s,/;
const CLOSING = /backfill: .*; ([\d,]+) batches, the longest ([\d,]+) ms;/;

/**
 * Reads what a run of `npx mikro-orm migration:up` says of its locks.
 *
 * @param lines what it printed, without colours
 */
export function readLockHolds(lines: readonly string[]): LockHold[] {
  const holds: LockHold[] = [];
  let migration = '';
  for (const line of lines) {
    migration = PROCESSING.exec(line)?.[1] ?? migration;
    const hold = readLockHold(line);
    if (hold !== undefined) holds.push({ migration, ...hold });
  }
  return holds;
}

/** How long a lock was held, where that is what a line says. */
export function readLockHold(line: string): Omit<LockHold, 'migration'> | undefined {
  const [, purpose, milliseconds] = HELD.exec(line) ?? [];
  return purpose === undefined ? undefined : { purpose, milliseconds: Number(milliseconds) };
}

/** How much of a backfill is done, in percent, where that is what a line says. */
export function readPercent(line: string): number | undefined {
  const [, percent] = PERCENT.exec(line) ?? [];
  return percent === undefined ? undefined : Number(percent);
}

/** How long the batches of a backfill took, one after the other, where a line says that they have ended. */
export function readBatchesSeconds(line: string): number | undefined {
  const [, seconds] = FILLED.exec(line) ?? [];
  return seconds === undefined ? undefined : Number(seconds.replaceAll(',', ''));
}

/**
 * Reads what a backfill says of its batches when it has ended.
 *
 * @param lines what the run printed, without colours
 * @throws Error if there is no such line
 */
export function readClosingLine(lines: readonly string[]): { batches: number; longestBatchMs: number } {
  for (const line of lines) {
    const [, batches, longest] = CLOSING.exec(line) ?? [];
    if (batches !== undefined && longest !== undefined) {
      return { batches: readCount(batches), longestBatchMs: readCount(longest) };
    }
  }
  throw new Error(`The backfill has printed no closing line with its batches:\n${lines.join('\n')}`);
}

function readCount(text: string): number {
  return Number(text.replaceAll(',', ''));
}
