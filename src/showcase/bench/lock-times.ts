import { migrateUpTo } from '../harness/migration-command.ts';
import { lockHoldsOf } from '../harness/migration-events.ts';
import { type BenchServer, type OwnedDatabase, useCopy } from './template.ts';

/** The migrations that lock the table. */
const LOCKING_MIGRATIONS = ['0002', '0004', '0005', '0006'];

/** For how long a move holds ACCESS EXCLUSIVE on a table of some size. */
export interface LockTime {
  readonly rows: number;
  /** The migration's number: `0002`. */
  readonly migration: string;
  /** What the lock is held for. */
  readonly purpose: string;
  /** One for each repetition, in milliseconds. */
  readonly heldMs: readonly number[];
}

/**
 * Takes copies of a template all the way from 0002 to 0006, and reads for how long each lock was held.
 *
 * @param repetitions how many copies
 * @throws Error if a migration that locks the table says nothing of it
 */
export async function measureLocks(
  server: BenchServer,
  template: OwnedDatabase,
  repetitions: number,
  signal: AbortSignal,
): Promise<LockTime[]> {
  const times = new Map<string, { rows: number; migration: string; purpose: string; heldMs: number[] }>();
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const { events } = await useCopy(server, template, ({ url }) =>
      migrateUpTo(url, '0006', signal, { BACKFILL_WORKERS: '2' }),
    );
    for (const { migration, purpose, heldMs } of lockHoldsOf(events)) {
      const time = times.get(purpose) ?? { rows: template.rows, migration, purpose, heldMs: [] };
      time.heldMs.push(heldMs);
      times.set(purpose, time);
    }
  }
  const locks = [...times.values()];
  refuseSilence(locks);
  return locks;
}

function refuseSilence(locks: readonly LockTime[]): void {
  const silent = LOCKING_MIGRATIONS.filter((number) => !locks.some(({ migration }) => migration === number));
  if (silent.length > 0) throw new Error(`${silent.join(', ')} did not say for how long it held its lock.`);
}
