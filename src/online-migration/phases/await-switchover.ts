import { isRename } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { columnsAt, typesAt } from '../attachments/table-column.ts';
import { changeNamesOf } from '../change/names.ts';
import { pause } from '../postgres/pause.ts';
import { findPresences, type Presence } from '../follow/presence.ts';
import { describeSessions, findUndeclaredSessions } from '../follow/undeclared-sessions.ts';
import type { PhaseContext } from './phase.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';

const POLL_MS = 200;
const NAMED_SESSIONS = 5;

/**
 * Waits until no live process of the application uses a form that the phase removes: `old` before contract, `renamed`
 * before its revert, which adds a column of another type under the same name.
 *
 * Each process needs a little time to switch over, so it waits before it refuses.
 *
 * @param phase for the event and the error: `contract`
 * @param form the form that nobody may use any more
 * @param waitMs longest wait, in milliseconds
 * @throws PhaseRefusedError that names the processes
 */
export async function awaitSwitchover(
  context: PhaseContext,
  phase: string,
  form: 'old' | 'renamed',
  waitMs: number,
): Promise<void> {
  const deadline = performance.now() + waitMs;
  let isReported = false;
  for (;;) {
    const presences = await findPresences(context.session, context.change);
    const behind = presences.filter((presence) => presence.form === form);
    if (behind.length === 0) return;
    if (performance.now() >= deadline) throw stillInUse(context, phase, behind, waitMs);
    if (!isReported) {
      context.emit({
        type: 'waiting-for-switchover',
        change: changeNamesOf(context.change).change,
        limitMs: waitMs,
        processes: behind.map(({ process, pid, address }) => ({ process, pid, address })),
        message:
          `${phase}: waiting up to ${waitMs / 1000} s for ${behind.length} processes that still use ` +
          `${oldNames(context.change)}: ${behind.map(describe).join(', ')}`,
      });
      isReported = true;
    }
    await pause(POLL_MS, context.signal);
  }
}

/**
 * Reports sessions that use the table and do not declare their column. They do not block the phase, because a console
 * looks the same as an old version of the application.
 * @param phase for the message: `contract`
 */
export async function reportUndeclaredSessions(
  { session, change, emit }: PhaseContext,
  phase: string,
): Promise<void> {
  const undeclared = await findUndeclaredSessions(session, change);
  if (undeclared.length === 0) return;
  const names = changeNamesOf(change);
  emit({
    type: 'undeclared-sessions',
    change: names.change,
    sessions: undeclared,
    message:
      `${phase}: some sessions use ${names.table} and do not declare their column; ${prospectOf(change, phase)}: ` +
      undeclared.slice(0, NAMED_SESSIONS).map(describeSessions).join('; '),
  });
}

/** The future of a session that does not follow the change. */
function prospectOf(change: ColumnChange, phase: string): string {
  const names = oldNames(change);
  if (isRename(change)) {
    const name = phase === 'rename' ? names : columnsAt(change, 'new').columns.join(', ');
    return `a session that knows only ${name} will fail when it is renamed`;
  }
  return change.renameInContract
    ? `a session that expects ${typesAt(change, 'old')} in ${names} may fail when it is ${typesAt(change, 'new')}`
    : `a session that knows only ${names} will fail when it is dropped`;
}

function stillInUse(
  context: PhaseContext,
  phase: string,
  behind: Presence[],
  waitMs: number,
): PhaseRefusedError {
  const { change } = context;
  return new PhaseRefusedError(
    'COLUMN_IN_USE',
    `Cannot ${phase} ${changeNamesOf(change).change}: ${waitMs === 0 ? 'after the proof' : `after ${waitMs / 1000} s`}, these processes still use ` +
      `${oldNames(change)}: ${behind.map(describe).join(', ')}. Restart or update them so that they use ` +
      `${columnsAt(change, 'new').columns.join(', ')}, then run the same command again.`,
    {
      ...phaseDetails(context, phase),
      column: oldNames(change),
      waitedMs: waitMs,
      processes: behind.map(({ process, pid, address }) => ({ process, pid, address })),
    },
  );
}

function oldNames(change: ColumnChange): string {
  return columnsAt(change, 'old').columns.join(', ');
}

function describe({ process, pid, address }: Presence): string {
  return `${process}${address === null ? '' : ` from ${address}`} (server pid ${pid})`;
}
