import { asKind } from '../../sql/statements.ts';
import type { Rule } from '../planning/rule.ts';
import { locked, read } from '../planning/step.ts';
import { tableInUse, written } from '../planning/verdicts.ts';
import { nameOf } from '../planning/relation-names.ts';

/**
 * `refresh materialized view`: ACCESS EXCLUSIVE on the view while its query runs.
 *
 * 1. `refresh materialized view concurrently`, which blocks no reader. PostgreSQL needs a unique index of all rows for it.
 *
 * Without that index, refused. A view that has no rows yet is refreshed as it is written.
 */
export const refreshView: Rule = async ({ tree, text }, context) => {
  const refresh = asKind(tree, 'RefreshMatViewStmt');
  if (refresh?.relation === undefined) return undefined;
  const reason = 'nobody can read it while its query runs';
  const view = await tableInUse(refresh.relation, context);
  if (view === undefined) {
    const step = locked(text, context.made.has(refresh.relation) ? [] : [nameOf(refresh.relation)]);
    return { kind: 'steps', reason, steps: [{ ...step, mayLast: true } as typeof step] };
  }
  if (refresh.skipData) {
    return {
      kind: 'refused',
      reason: 'its rows are removed, and those that read it fail until it is refreshed',
      instead: 'drop it when no process reads it any more',
    };
  }
  if (refresh.concurrent) return { kind: 'steps', reason: 'it may read for long', steps: [read(text)] };
  if (await context.catalog.hasKeyOfRows(context.made.inCatalog(refresh.relation))) {
    return written({ RefreshMatViewStmt: { ...refresh, concurrent: true } }, context, (sql) => ({
      kind: 'steps',
      reason,
      steps: [read(sql)],
    }));
  }
  return {
    kind: 'refused',
    reason,
    instead: `\`create unique index on ${view.name} (…)\` on columns that identify its rows, then refresh it`,
  };
};
