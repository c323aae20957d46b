import { rejectsText, rowCount, rowsOf } from '../change/row-count.ts';
import type { BackfillFinished } from '../change/events.ts';
import type { BackfillIdentity } from './plan/backfill-work.ts';
import type { BackfillSummary } from './run-backfill.ts';

const MEBIBYTE = 1024 * 1024;

/**
 * Builds the event that ends a backfill.
 * @param rejects number of rows without a faithful value
 */
export function backfillFinished(
  { names, direction }: BackfillIdentity,
  { rows, seconds, batches, pausedMs, restedMs, before, after }: BackfillSummary,
  rejects: number,
): BackfillFinished {
  const figures = {
    direction,
    rows,
    seconds,
    batches,
    pauses: [...pausedMs].map(([reason, milliseconds]) => ({ reason, milliseconds })),
    restedMs,
    walBytes: after.walBytes - before.walBytes,
    heapBytesBefore: before.heapBytes,
    heapBytesAfter: after.heapBytes,
    indexBytesBefore: before.indexBytes,
    indexBytesAfter: after.indexBytes,
    updates: after.updates - before.updates,
    heapOnlyUpdates: after.hotUpdates - before.hotUpdates,
    rejects,
  };
  return { type: 'backfill-finished', change: names.change, ...figures, message: sentence(figures) };
}

function sentence(figures: Omit<BackfillFinished, 'type' | 'change' | 'message'>): string {
  const { rows, seconds, batches, pauses, restedMs, walBytes, updates, heapOnlyUpdates, rejects } = figures;
  const pauseTexts = pauses.map(
    ({ reason, milliseconds }) => `${(milliseconds / 1000).toFixed(1)} s (${reason})`,
  );
  return (
    `backfill: ${rowsOf(rows)} in ${seconds.toFixed(1)} s, ${rowCount(rows / seconds)} rows/s; ` +
    (batches === null
      ? ''
      : `${rowCount(batches.count)} batches, the longest ${batches.longestMs.toFixed(0)} ms; `) +
    `pauses: ${pauses.length === 0 ? 'none' : pauseTexts.join(', ')}; ` +
    (restedMs < 1 ? '' : `rests ${(restedMs / 1000).toFixed(1)} s beside busy sessions; `) +
    `WAL ${mebibytes(walBytes)}; heap ${growth(figures.heapBytesBefore, figures.heapBytesAfter)}, ` +
    `indexes ${growth(figures.indexBytesBefore, figures.indexBytesAfter)}; ` +
    // Up to PostgreSQL 14, the server counts with a delay, and may not have begun.
    (updates === 0 ? '' : `${((100 * heapOnlyUpdates) / updates).toFixed(0)} % heap-only updates; `) +
    (rejects === 0 ? '0 rejects' : rejectsText(rejects))
  );
}

function growth(before: number, after: number): string {
  const factor = before === 0 ? 1 : after / before;
  return `${mebibytes(before)} to ${mebibytes(after)} (${factor.toFixed(2)}×)`;
}

function mebibytes(bytes: number): string {
  return `${rowCount(bytes / MEBIBYTE)} MB`;
}
