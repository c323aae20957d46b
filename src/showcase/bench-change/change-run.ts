import { type Space, readSpace } from '../bench/space.ts';
import type { OwnedDatabase } from '../bench/template.ts';
import { type Connection, connect } from '../harness/connection.ts';
import { type MigrationRun, migrateDownTo, migrateUpTo } from '../harness/migration-command.ts';
import { backfillSecondsOf, lockHoldsOf } from '../harness/migration-events.ts';

/** A migration of the change, in one direction. */
interface Step {
  readonly migration: string;
  readonly direction: 'up' | 'down';
  /** The phase that it carries out or reverts. */
  readonly phase: string;
  /** The migration that the command is told to go to. */
  readonly target: string;
}

const PHASES = [
  ['0002', 'expand'],
  ['0003', 'backfill'],
  ['0004', 'enforce'],
  ['0005', 'contract'],
  ['0006', 'rename'],
] as const;

/** The way there, and the way back. */
const STEPS: readonly Step[] = [
  ...PHASES.map(([migration, phase]) => ({ migration, phase, direction: 'up' as const, target: migration })),
  ...PHASES.map(([migration, phase], index) => ({
    migration,
    phase,
    direction: 'down' as const,
    target: PHASES[index - 1]?.[0] ?? '0001',
  })).toReversed(),
];

/** A phase, or the revert of one, and its cost. */
export interface PhaseCost extends Omit<Step, 'target'> {
  /** From the migration's start to its end, as its events report; without the start of the process. */
  readonly seconds: number;
  /** The part of these seconds in which it filled a column; null if it fills none. */
  readonly fillSeconds: number | null;
  /** WAL of the whole server, in bytes. */
  readonly walBytes: number;
  /** The longest ACCESS EXCLUSIVE lock on the table; null if there was none. */
  readonly longestLockMs: number | null;
  /** Size of the heap afterwards, as a multiple of its size before the change. */
  readonly heapGrowth: number;
  /** The same for the primary key, the only index. */
  readonly indexGrowth: number;
}

/** A whole change and its way back on one table. */
export interface ChangeRun {
  readonly rows: number;
  /** Workers of the backfill, in both directions. */
  readonly workers: number;
  readonly phases: readonly PhaseCost[];
  /** Seconds of each command besides its migration: the start and the end of its process. */
  readonly processSeconds: readonly number[];
}

/**
 * Carries out the whole change on a copy of the template, and reverts it.
 *
 * 1. Run a checkpoint, and compute a hash of all rows.
 * 2. Run each migration from 0002 to 0006 up, and then down, each with a command of its own. Read the server's WAL and the
 *    table's sizes after each.
 * 3. Compare the hash: each text must be the same again, byte by byte.
 *
 * @param copy a copy of the template for this run only
 * @param workers of the backfill
 * @throws Error if a migration fails, or if a row is another one in the end
 */
export async function measureChange(
  copy: OwnedDatabase,
  workers: number,
  signal: AbortSignal,
): Promise<ChangeRun> {
  await using connection = await connect(copy.url);
  await connection.query('checkpoint');
  const hash = await hashRows(connection);
  const first = await readSpace(connection);
  const phases: PhaseCost[] = [];
  const processSeconds: number[] = [];
  let before = first;
  for (const step of STEPS) {
    const migrate = step.direction === 'up' ? migrateUpTo : migrateDownTo;
    const run = await migrate(copy.url, step.target, signal, { BACKFILL_WORKERS: String(workers) });
    const after = await readSpace(connection);
    const cost = costOf(step, run, { first, before, after });
    phases.push(cost);
    processSeconds.push(run.seconds - cost.seconds);
    before = after;
  }
  if ((await hashRows(connection)) !== hash) {
    throw new Error('After the way back, some rows are not the same as before the change.');
  }
  return { rows: copy.rows, workers, phases, processSeconds };
}

function costOf(
  { migration, direction, phase }: Step,
  { events }: MigrationRun,
  { first, before, after }: Record<'first' | 'before' | 'after', Space>,
): PhaseCost {
  const finished = events.filter((event) => event.type === 'migration-finished');
  if (finished.length !== 1) throw new Error(`${migration} ${direction} ran ${finished.length} migrations.`);
  const holds = lockHoldsOf(events).map(({ heldMs }) => heldMs);
  return {
    migration,
    direction,
    phase,
    seconds: finished[0]!.milliseconds / 1000,
    fillSeconds: backfillSecondsOf(events),
    walBytes: after.walBytes - before.walBytes,
    longestLockMs: holds.length === 0 ? null : Math.max(...holds),
    heapGrowth: after.heapBytes / first.heapBytes,
    indexGrowth: after.indexBytes / first.indexBytes,
  };
}

/** A hash of the rows of `large_record` that depends on each value, and not on the places of the rows. */
async function hashRows(connection: Connection): Promise<string> {
  const { rows } = await connection.query<{ hash: string }>(`
    select count(*) || ' ' || coalesce(sum(hashtextextended(concat_ws(' ', id, name, created_at), 0)), 0) as hash
    from public.large_record`);
  return rows[0]!.hash;
}
