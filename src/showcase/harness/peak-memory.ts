import { readFile } from 'node:fs/promises';

/** Interval between reads. The kernel's peak value never falls, so only a peak just before a process ends is missed. */
const LOOK_MS = 100;

/** Peak resident memory of a process so far. Disposing of it stops the reads. */
export interface PeakMemory extends Disposable {
  /** Null if the system is not Linux, or if the process ended before the first read. */
  readonly bytes: number | null;
}

/**
 * Reads Linux's peak resident memory of a process repeatedly, because it disappears with the process.
 *
 * @param pid of the process
 */
export function watchPeakMemory(pid: number): PeakMemory {
  let bytes: number | null = null;
  const look = async () => {
    bytes = (await readPeak(pid)) ?? bytes;
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  void look();
  return {
    get bytes() {
      return bytes;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** VmHWM of proc_pid_status(5), in units of 1024 bytes; undefined if it is missing. */
async function readPeak(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
