import { migrateUpTo } from '../harness/migration-command.ts';
import { lockHoldsOf } from '../harness/migration-events.ts';
import { type BenchServer, type OwnedDatabase, useCopy } from './template.ts';

/** The migrations that lock the table. */
const LOCKING_MIGRATIONS = ['0002', '0004', '0005', '0006'];

/** How long a phase holds ACCESS EXCLUSIVE on a table of a given size. */
export interface LockTime {
  readonly rows: number;
  /** The migration's number: `0002`. */
  readonly migration: string;
  /** Purpose of the lock. */
  readonly purpose: string;
  /** One value per repetition, in milliseconds. */
  readonly heldMs: readonly number[];
}

/**
 * Migrates copies of a template from 0002 to 0006 and reads how long each lock was held.
 *
 * @param repetitions number of copies
 * @throws Error if a locking migration does not report its lock
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
  if (silent.length > 0) throw new Error(`${silent.join(', ')} did not report how long it held its lock.`);
}
