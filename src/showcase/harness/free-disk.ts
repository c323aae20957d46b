import { statfs } from 'node:fs/promises';
import { throwawayFolder } from '../../database/throwaway-postgres.ts';

const GIGABYTE = 2 ** 30;
/** The server keeps this much WAL, and a bit more: `max_wal_size`. */
export const KEPT_WAL_BYTES = 5 * GIGABYTE;
/** Of a row in a template and in a copy that a method or the whole change makes larger. */
const ROW_BYTES = 400;

/** Estimates the bytes on disk of runs on copies of a narrow table: template, copy and WAL. */
export function estimateCopiesBytes(rows: number): number {
  return rows * ROW_BYTES + KEPT_WAL_BYTES;
}

/**
 * Checks the disk of the throwaway server at the start of a command, not after hours.
 *
 * @throws Error with a sentence if it has less free space
 */
export async function refuseFullDisk(neededBytes: number): Promise<void> {
  const folder = await throwawayFolder();
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= neededBytes) return;
  throw new Error(
    `${folder} has ${gigabytes(bavail * bsize)} free, and this needs about ${gigabytes(neededBytes)}: ` +
      'pass fewer --rows, or set TMPDIR to a folder on a larger disk that the user of PostgreSQL can enter.',
  );
}

/** Formats a number of bytes for people. */
export function gigabytes(bytes: number): string {
  return `${(bytes / GIGABYTE).toFixed(1)} GB`;
}
