import type { BackfillSummary } from './run-backfill.ts';

const MEBIBYTE = 1024 * 1024;

/** The closing line of a backfill, for people. */
export function summaryLine(summary: BackfillSummary, rejects: number): string {
  const { rows, seconds, batches, pausedMs, restedMs, before, after } = summary;
  const updates = after.updates - before.updates;
  const hot = (100 * (after.hotUpdates - before.hotUpdates)) / updates;
  const pauses = [...pausedMs].map(
    ([reason, milliseconds]) => `${(milliseconds / 1000).toFixed(1)} s (${reason})`,
  );
  return (
    `backfill: ${count(rows)} rows in ${seconds.toFixed(1)} s, ${count(rows / seconds)} rows/s; ` +
    (batches === null
      ? ''
      : `${count(batches.count)} batches, the longest ${batches.longestMs.toFixed(0)} ms; `) +
    `pauses: ${pauses.length === 0 ? 'none' : pauses.join(', ')}; ` +
    (restedMs < 1 ? '' : `rests ${(restedMs / 1000).toFixed(1)} s beside busy sessions; `) +
    `WAL ${mebibytes(after.walBytes - before.walBytes)}; heap ${growth(before.heapBytes, after.heapBytes)}, ` +
    `indexes ${growth(before.indexBytes, after.indexBytes)}; ` +
    // Up to PostgreSQL 14 the server counts at its own time, and may not have begun.
    (updates === 0 ? '' : `${hot.toFixed(0)} % heap-only updates; `) +
    `${count(rejects)} rejects`
  );
}

function growth(before: number, after: number): string {
  const factor = before === 0 ? 1 : after / before;
  return `${mebibytes(before)} to ${mebibytes(after)} (${factor.toFixed(2)}×)`;
}

function mebibytes(bytes: number): string {
  return `${count(bytes / MEBIBYTE)} MB`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
