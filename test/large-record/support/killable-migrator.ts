import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const SCRIPT = join(import.meta.dirname, 'migrate-process.ts');

/** A migrator in a separate process that can be killed in the middle of a migration. */
export interface KillableMigrator extends AsyncDisposable {
  /** False once it has been killed. */
  readonly alive: boolean;
  /**
   * Migrates like `TestMigrator.go`.
   *
   * @param killAfterMs SIGKILL this long after the migration starts, in milliseconds; without it, nothing is killed
   * @returns the duration of the migration in milliseconds; undefined if it was killed first
   * @throws Error with the process's output if it ended by itself
   */
  go(to: string, killAfterMs?: number): Promise<number | undefined>;
}

/**
 * Starts the process; it loads in the background.
 * @param databaseUrl the database to migrate
 * @param sessionOptions for all its sessions, in the format of PGOPTIONS: `-c test.slow=on`
 */
export function startKillableMigrator(databaseUrl: string, sessionOptions: string): KillableMigrator {
  const child = spawn(process.execPath, [SCRIPT], {
    env: { ...process.env, DATABASE_URL: databaseUrl, PGOPTIONS: sessionOptions, NODE_OPTIONS: '' },
    stdio: 'pipe',
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  // A killed process no longer reads. The error of a line in flight is irrelevant.
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string | undefined> => {
    const { value, done } = await lines.next();
    if (!done) return value;
    await closed;
    if (child.signalCode === 'SIGKILL') return undefined;
    throw new Error(`The migrating process ended by itself:\n${complaint}`);
  };
  const ready = nextLine();
  ready.catch(() => undefined);
  const kill = () => child.kill('SIGKILL');

  return {
    get alive() {
      return !child.killed;
    },
    async go(to, killAfterMs) {
      await ready;
      child.stdin.write(`${to}\n`);
      await nextLine();
      const timer = killAfterMs === undefined ? undefined : setTimeout(kill, killAfterMs);
      const done = await nextLine();
      clearTimeout(timer);
      return done === undefined ? undefined : Number(done.replace('done ', ''));
    },
    async [Symbol.asyncDispose]() {
      kill();
      await closed;
    },
  };
}
