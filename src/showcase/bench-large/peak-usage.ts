import { type FileHandle, open } from 'node:fs/promises';

/** More digits than a number of bytes has. */
const ANSWER_BYTES = 64;

/** The most memory of a control group since a moment. Disposing of it closes its file. */
export interface PeakUsage extends AsyncDisposable {
  /** In bytes; null on a kernel that does not record it, or cannot forget the peak from before. */
  bytes(): Promise<number | null>;
}

/**
 * Makes the kernel forget a group's peak, and reads the new one later. Version 1 resets it for all readers. Version 2
 * resets it since Linux 6.12, for reads through the same open file only (admin-guide/cgroup-v1/memory.rst and
 * admin-guide/cgroup-v2.rst), so the file stays open.
 *
 * @param file the group's record of its peak
 */
export async function watchPeak(file: string): Promise<PeakUsage> {
  const handle = await openReset(file);
  return {
    bytes: async () => {
      if (handle === null) return null;
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(ANSWER_BYTES), 0, ANSWER_BYTES, 0);
      return Number(buffer.toString('utf8', 0, bytesRead));
    },
    [Symbol.asyncDispose]: async () => await handle?.close(),
  };
}

/** An earlier kernel has no file, or refuses to open it for a write, or refuses the write. */
async function openReset(file: string): Promise<FileHandle | null> {
  await using resources = new AsyncDisposableStack();
  try {
    const handle = resources.use(await open(file, 'r+'));
    // Without a position: the kernel's files do not accept one for a write.
    await handle.write('0');
    resources.move();
    return handle;
  } catch {
    return null;
  }
}
