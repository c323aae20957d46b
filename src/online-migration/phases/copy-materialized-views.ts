import { planCopies } from '../attachments/views/plan-views.ts';
import { copyIndexStatements, type StoredView } from '../attachments/views/materialized-views.ts';
import { changeNamesOf } from '../change/names.ts';
import { sqlState } from '../postgres/database-error.ts';
import type { Side } from '../sync/filled-column.ts';
import { inExclusiveTransaction, type PhaseContext } from './phase.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';

/** SQLSTATE classes of an error in the query or the rows: feature not supported, data exception, constraint, unknown name. */
const QUERY_ERROR = /^(0A|22|23|42)/;

/**
 * Creates copies of one side's materialized views for the other side, which replace them later. An interrupted run
 * begins again.
 *
 * 1. ONE transaction under ACCESS EXCLUSIVE: create each copy, without rows; catalog only.
 * 2. Create the indexes of each copy while it is empty.
 * 3. Fill each copy, and analyze it. That reads the table, without blocking reads and writes.
 *
 * @param phase the phase that needs the copies, for the events
 * @param from the side that the materialized views use
 * @throws PhaseRefusedError if a query or a unique index fails for the other type
 */
export async function copyMaterializedViews(context: PhaseContext, phase: string, from: Side): Promise<void> {
  const { session, change, emit, signal } = context;
  if ((await planCopies(session, change, from)).statements.length === 0) return;
  let copied: readonly StoredView[] = [];
  await inExclusiveTransaction(context, `${phase}: create the copies of the materialized views`, {
    plan: async () => {
      const plan = await planCopies(session, change, from);
      ({ copied } = plan);
      return plan;
    },
  });
  for (const stored of copied) {
    await session.transaction(async () => {
      await session.query('set local search_path = pg_catalog');
      for (const statement of copyIndexStatements(stored)) await session.query(statement);
    });
    if (!stored.isFilled) continue;
    signal.throwIfAborted();
    emit({
      type: 'materialized-view-fill-started',
      change: changeNamesOf(change).change,
      materializedView: stored.view.name,
      message: `${phase}: fills ${stored.copyName}, beside reads and writes`,
    });
    await fill(context, phase, stored);
  }
}

async function fill(context: PhaseContext, phase: string, stored: StoredView): Promise<void> {
  const { session, change } = context;
  const copy = stored.copyName;
  try {
    await session.withoutStatementTimeout(async () => {
      // The policies that apply to the owner choose the rows, as in the original.
      await session.query('set local row_security = on');
      await session.query(`refresh materialized view ${copy}`);
      await session.query(`analyze ${copy}`);
    });
  } catch (error) {
    if (!(error instanceof Error) || !QUERY_ERROR.test(sqlState(error) ?? '')) throw error;
    throw new PhaseRefusedError(
      'MATERIALIZED_VIEW_NOT_FILLED',
      `Cannot change ${changeNamesOf(change).change}: the materialized view ${stored.view.name} cannot be filled for the other column: ` +
        `${error.message}. Correct the rows or the materialized view, or drop it until the change is done; then run the same ` +
        `command again.`,
      { ...phaseDetails(context, phase), materializedView: stored.view.name },
      { cause: error },
    );
  }
}
