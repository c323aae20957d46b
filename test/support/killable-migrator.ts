import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const SCRIPT = join(import.meta.dirname, 'migrate-process.ts');

/** A migrator in a process of its own, to be killed in the middle of a migration. */
export interface KillableMigrator extends AsyncDisposable {
  /** False from the moment it was killed. */
  readonly alive: boolean;
  /**
   * Goes to a migration, as `TestMigrator.go` does.
   *
   * @param killAfterMs kill -9 so long after the migration has begun, in milliseconds; without it nothing is killed
   * @returns whether it came to the end, and how long it went, in milliseconds
   * @throws Error with what the process printed, where it ended by itself
   */
  go(to: string, killAfterMs?: number): Promise<{ finished: boolean; milliseconds: number }>;
}

/**
 * Starts the process; it is being loaded while the caller goes on.
 * @param databaseUrl the database to migrate
 * @param sessionOptions for all its sessions, as PGOPTIONS takes them: `-c test.slow=on`
 */
export function startKillableMigrator(databaseUrl: string, sessionOptions: string): KillableMigrator {
  const child = spawn(process.execPath, [SCRIPT], {
    env: { ...process.env, DATABASE_URL: databaseUrl, PGOPTIONS: sessionOptions, NODE_OPTIONS: '' },
    stdio: 'pipe',
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  // Whoever is killed reads no more: the error of a line that was on its way says nothing.
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLineIs = async (expected: string): Promise<boolean> => {
    const { value, done } = await lines.next();
    if (value === expected) return true;
    if (done) await closed;
    if (child.signalCode === 'SIGKILL') return false;
    throw new Error(`Expected "${expected}" and got "${value}" from the migrating process:\n${complaint}`);
  };
  const ready = nextLineIs('ready');
  ready.catch(() => undefined);
  const kill = () => child.kill('SIGKILL');

  return {
    get alive() {
      return !child.killed;
    },
    async go(to, killAfterMs) {
      await ready;
      child.stdin.write(`${to}\n`);
      await nextLineIs('began');
      const began = performance.now();
      const timer = killAfterMs === undefined ? undefined : setTimeout(kill, killAfterMs);
      const finished = await nextLineIs('done');
      clearTimeout(timer);
      return { finished, milliseconds: performance.now() - began };
    },
    async [Symbol.asyncDispose]() {
      kill();
      await closed;
    },
  };
}
