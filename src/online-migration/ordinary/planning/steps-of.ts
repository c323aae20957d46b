import type { Statement } from '../../sql/statements.ts';
import { removesFrom } from './removals.ts';
import type { Verdict } from './rule.ts';
import { locked, type Step } from './step.ts';

type Planned = { readonly statement: Statement; readonly verdict: Verdict };
type AsWritten = Extract<Verdict, { kind: 'as-written' }>;

/**
 * The steps of a plan. Neighbours that need no other way share a transaction.
 *
 * - A new value of an enum is committed before another statement uses it.
 * - Rows are not written in a transaction that has locked a table in use, because it would stay locked as long.
 * - A statement that waits for older processes waits in front of its first step.
 * - If there is more than one step, settings are of the session: an interrupted run sets them again.
 */
export function stepsOf(planned: readonly Planned[]): Step[] {
  const needsOne = planned.some(
    ({ verdict }) => verdict.kind === 'as-written' && verdict.needsOneTransaction,
  );
  const inOne = joined(planned, needsOne, false);
  return inOne.length <= 1 ? inOne : joined(planned, needsOne, true);
}

function joined(planned: readonly Planned[], needsOne: boolean, settingsApart: boolean): Step[] {
  const steps: Step[] = [];
  let open: { statements: string[]; relations: string[]; removed: string[]; last: AsWritten } | undefined;
  const close = () => {
    if (open === undefined) return;
    const { statements, relations, removed } = open;
    steps.push({
      kind: 'together',
      statements,
      relations,
      lock: relations.length === 0 ? null : 'ACCESS EXCLUSIVE',
      ...(removed.length > 0 && { removesFrom: removed }),
    });
    open = undefined;
  };
  for (const { statement, verdict } of planned) {
    if (verdict.kind === 'refused') continue;
    const { after } = statement;
    const removed = removesFrom(statement.tree);
    if (verdict.kind === 'steps') {
      const [first, ...others] = verdict.steps;
      if (first === undefined) continue;
      close();
      steps.push(
        { ...first, ...(after !== undefined ? { after } : removed.length > 0 && { removesFrom: removed }) },
        ...others,
      );
      continue;
    }
    if (after !== undefined) {
      close();
      steps.push({ ...locked(statement.text, verdict.relations), after });
      continue;
    }
    if (verdict.setting !== undefined && settingsApart) {
      close();
      steps.push({ kind: 'setting', statements: [verdict.setting], relations: [], lock: null });
      continue;
    }
    const isApart =
      open !== undefined &&
      ((open.last.commits === true && verdict.commits !== true) ||
        (verdict.writes === true && open.relations.length > 0 && !needsOne));
    if (isApart) close();
    open = {
      statements: [...(open?.statements ?? []), verdict.sql ?? statement.text],
      relations: [...new Set([...(open?.relations ?? []), ...verdict.relations])],
      // Nobody uses a table that the migration itself makes.
      removed: [...new Set([...(open?.removed ?? []), ...(verdict.relations.length === 0 ? [] : removed)])],
      last: verdict,
    };
  }
  close();
  return steps;
}
