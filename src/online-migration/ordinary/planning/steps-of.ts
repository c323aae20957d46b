import type { Statement } from '../../sql/statements.ts';
import type { Verdict } from './rule.ts';
import type { Step } from './step.ts';

type Planned = { readonly statement: Statement; readonly verdict: Verdict };
type AsWritten = Extract<Verdict, { kind: 'as-written' }>;

/**
 * The steps of a plan. Neighbours that need no other way share a transaction.
 *
 * - A new value of an enum is committed before another statement uses it.
 * - Rows are not written in a transaction that has locked a table in use, because it would stay locked as long.
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
  let open: { statements: string[]; relations: string[]; last: AsWritten } | undefined;
  const close = () => {
    if (open === undefined) return;
    const { statements, relations } = open;
    steps.push({
      kind: 'together',
      statements,
      relations,
      lock: relations.length === 0 ? null : 'ACCESS EXCLUSIVE',
    });
    open = undefined;
  };
  for (const { statement, verdict } of planned) {
    if (verdict.kind === 'refused') continue;
    if (verdict.kind === 'steps') {
      if (verdict.steps.length > 0) close();
      steps.push(...verdict.steps);
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
      statements: [...(open?.statements ?? []), statement.text],
      relations: [...new Set([...(open?.relations ?? []), ...verdict.relations])],
      last: verdict,
    };
  }
  close();
  return steps;
}
