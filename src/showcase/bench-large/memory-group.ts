import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../../database/server-process.ts';
import { type PeakUsage, watchPeak } from './peak-usage.ts';

const ROOT = '/sys/fs/cgroup';
const NAME = 'online-migration-bench';
/** A process leaves its group a moment after its end. */
const REMOVE_TRIES = 100;
/** The server of a killed run ends just before, or not at all. */
const SWEEP_TRIES = 20;
const REMOVE_PAUSE_MS = 50;

/** The files of a controller's version (Linux, admin-guide/cgroup-v1/memory.rst and admin-guide/cgroup-v2.rst). */
const VERSIONS = {
  1: {
    limit: 'memory.limit_in_bytes',
    peak: 'memory.max_usage_in_bytes',
    events: 'memory.oom_control',
    swap: { file: 'memory.memsw.limit_in_bytes', text: (bytes: number) => String(bytes) },
  },
  2: {
    limit: 'memory.max',
    peak: 'memory.peak',
    events: 'memory.events',
    swap: { file: 'memory.swap.max', text: () => '0' },
  },
} as const;

/** The remedy by the code of the system's error. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'run as root',
  EPERM: 'run as root',
  EROFS: 'mount it for writing, for example with the option --privileged of docker run',
  // Only the root group may have both processes and groups with controllers.
  EBUSY: 'its own processes forbid it: run outside of the container, or move them to a group below it',
};

/** A Linux control group of processes. Disposing of it deletes it; its processes must have ended. */
export interface MemoryGroup extends AsyncDisposable {
  readonly version: 1 | 2;
  /** A process joins the group by writing its id to this file. */
  readonly processFile: string;
  /** Moves processes into the group. Their later children belong to it, too. */
  add(pids: readonly number[]): Promise<void>;
  /** Limits the memory and forbids swapping. If the group uses more, the kernel reclaims page cache before this returns. */
  limit(bytes: number): Promise<void>;
  /** Watches the most memory that the group has from now on. */
  watchPeak(): Promise<PeakUsage>;
  /**
   * How many of its processes the kernel has killed for want of memory. Version 1 does so also if all page cache waits
   * for the disk.
   */
  killed(): Promise<number>;
}

/** No group could be created. */
export class NoMemoryGroupError extends Error {
  override readonly name = 'NoMemoryGroupError';
}

/**
 * Creates a control group whose memory can be limited. The kernel charges memory to the group of the process that
 * touches it first. This includes the page cache of the files that the process reads and writes. Memory from before a
 * process joined stays with its earlier group.
 *
 * 1. Find the memory controller below the root: of version 2 on the root itself, of version 1 in `memory`.
 * 2. Delete the groups of dead processes that left theirs behind.
 * 3. Create a group named after this process.
 *
 * @param root the folder with the mounted controllers
 * @throws NoMemoryGroupError with the reason: no Linux, no controller, or no right to create groups
 */
export async function createMemoryGroup(root = ROOT): Promise<MemoryGroup> {
  const { version, parent } = await findController(root);
  await sweepGroups(parent);
  const folder = join(parent, `${NAME}.${process.pid}`);
  const { limit, peak, events, swap } = VERSIONS[version];
  try {
    // Version 2 hands a controller down only if the parent lists it.
    if (version === 2) await writeFile(join(parent, 'cgroup.subtree_control'), '+memory');
    await mkdir(folder);
  } catch (cause) {
    throw new NoMemoryGroupError(creationRefusal(parent, cause as NodeJS.ErrnoException), { cause });
  }
  const processFile = join(folder, 'cgroup.procs');
  return {
    version,
    processFile,
    add: async (pids) => {
      // A write moves one process.
      for (const pid of pids) await writeFile(processFile, String(pid)).catch(ignoreEnded);
    },
    limit: async (bytes) => {
      await writeFile(join(folder, limit), String(bytes));
      // The file is missing if the kernel does not count swap.
      await writeFile(join(folder, swap.file), swap.text(bytes), { flag: 'r+' }).catch(ignoreMissing);
    },
    watchPeak: () => watchPeak(join(folder, peak)),
    killed: async () => {
      const text = await readFile(join(folder, events), 'utf8').catch(ignoreMissing);
      return Number(/^oom_kill (\d+)$/m.exec(text ?? '')?.[1] ?? 0);
    },
    [Symbol.asyncDispose]: () => removeGroup(folder, REMOVE_TRIES),
  };
}

/** The sentence for a group that cannot be created, without a full stop: the system's code, and the remedy if it is known. */
export function creationRefusal(parent: string, { code, message }: NodeJS.ErrnoException): string {
  const remedy = ADVICE[code ?? ''];
  const explanation = remedy === undefined ? message : `${code}, ${remedy}`;
  return `no control group can be created in ${parent}: ${explanation}`;
}

async function findController(root: string): Promise<{ version: 1 | 2; parent: string }> {
  const controllers = await readFile(join(root, 'cgroup.controllers'), 'utf8').catch(() => '');
  if (controllers.trim().split(' ').includes('memory')) return { version: 2, parent: root };
  const parent = join(root, 'memory');
  const isVersion1 = await access(join(parent, VERSIONS[1].limit)).then(
    () => true,
    () => false,
  );
  if (isVersion1) return { version: 1, parent };
  throw new NoMemoryGroupError(`there is no memory controller of control groups in ${root}`);
}

async function sweepGroups(parent: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    const pid = entry.startsWith(`${NAME}.`) ? Number(entry.slice(NAME.length + 1)) : NaN;
    if (!Number.isInteger(pid) || (await isAlive(pid))) continue;
    // A group whose server survived its owner is not empty, and stays.
    await removeGroup(join(parent, entry), SWEEP_TRIES).catch(() => {});
  }
}

async function removeGroup(folder: string, mostTries: number): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await rmdir(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || tries === mostTries) throw error;
      await delay(REMOVE_PAUSE_MS);
    }
  }
}

function ignoreEnded(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ESRCH') throw error;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
