import type { Emit } from '../change/events.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { PACKAGE_NAME } from '../follow/presence.ts';
import { findSchemaPresences, isOlderThan, type SchemaPresence } from '../follow/schema-presence.ts';
import { describeSessions, findSessionsNaming } from '../follow/undeclared-sessions.ts';
import { pause } from '../postgres/pause.ts';
import type { Session } from '../postgres/session.ts';
import type { Step } from './planning/step.ts';

const POLL_MS = 200;
const NAMED_SESSIONS = 5;

/** The inputs of the wait. */
export interface OlderProcesses {
  readonly migration: string;
  readonly session: Session;
  /** Longest wait, in milliseconds. */
  readonly waitMs: number;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/**
 * Before a step that takes away a column, a table or its name.
 *
 * 1. If its author names a migration, wait until no live process declares that it was built before that one.
 * 2. Otherwise only report sessions whose visible statement names the table. A console looks the same as an old version of the
 *    application, so they do not block the step.
 *
 * @throws OnlineMigrationError that names the processes, after the longest wait
 */
export async function awaitOlderProcesses(
  { after, removesFrom = [] }: Pick<Step, 'after' | 'removesFrom'>,
  inputs: OlderProcesses,
): Promise<void> {
  if (after !== undefined) return awaitBuiltAfter(after, inputs);
  if (removesFrom.length > 0) await reportUsers(removesFrom, inputs);
}

async function awaitBuiltAfter(after: string, inputs: OlderProcesses): Promise<void> {
  const { migration, session, waitMs, emit, signal } = inputs;
  const deadline = performance.now() + waitMs;
  let isReported = false;
  for (;;) {
    const older = (await findSchemaPresences(session)).filter((presence) => isOlderThan(presence, after));
    if (older.length === 0) return;
    const processes = older.map(({ process, pid, address, newestMigration }) => ({
      process,
      pid,
      address,
      newestMigration,
    }));
    const names = older.map(describe).join(', ');
    if (performance.now() >= deadline) {
      throw new OnlineMigrationError(
        'OLDER_PROCESSES',
        `${migration} waits for processes that were built before ${after}, and after ${waitMs / 1000} s these still run: ${names}. ` +
          'Restart or update them, then run the same command again.',
        { migration, after, waitedMs: waitMs, processes },
      );
    }
    if (!isReported) {
      emit({
        type: 'waiting-for-older-processes',
        migration,
        after,
        limitMs: waitMs,
        processes,
        message: `${migration}: waiting up to ${waitMs / 1000} s for ${older.length} processes that were built before ${after}: ${names}`,
      });
      isReported = true;
    }
    await pause(POLL_MS, signal);
  }
}

async function reportUsers(
  tables: readonly string[],
  { migration, session, emit }: OlderProcesses,
): Promise<void> {
  const found = await findSessionsNaming(session, tables.map(tableAlone));
  const sessions = found.filter(({ application }) => !application.startsWith(PACKAGE_NAME));
  if (sessions.length === 0) return;
  emit({
    type: 'table-in-use',
    migration,
    tables,
    sessions,
    message:
      `${migration}: it drops or renames a part of ${tables.join(', ')}, which some sessions have used; a process that does not know ` +
      `the new schema will fail: ${sessions.slice(0, NAMED_SESSIONS).map(describeSessions).join('; ')}`,
  });
}

/** The name of a table without its schema and its quotes. */
function tableAlone(name: string): string {
  return (/"((?:[^"]|"")*)"$/.exec(name)?.[1] ?? name).replaceAll('""', '"');
}

function describe({ process, newestMigration, pid, address }: SchemaPresence): string {
  return `${process}${address === null ? '' : ` from ${address}`} (built for ${newestMigration}, server pid ${pid})`;
}
