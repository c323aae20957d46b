import { readFile } from 'node:fs/promises';

/** Between two looks; the mark itself never falls, so that only a peak in the last moment of a process is missed. */
const LOOK_MS = 100;

/** The most memory that a process has had resident so far. Disposing of it ends the looks. */
export interface PeakMemory extends Disposable {
  /** Null where the system is not Linux, or the process ended before the first look. */
  readonly bytes: number | null;
}

/**
 * Follows the mark that Linux keeps of a process's resident memory, which is gone when the process is.
 *
 * @param pid the process
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

/** VmHWM of proc_pid_status(5), which is in units of 1024 bytes; undefined where there is none. */
async function readPeak(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
