import type { Queryable } from '../../postgres/queryable.ts';

interface Plan {
  readonly 'Node Type': string;
  readonly 'Plan Rows': number;
  readonly Plans?: readonly Plan[];
}

/** The most rows that one of its parts writes, by PostgreSQL's estimate; undefined if it cannot be planned yet. */
export async function estimateRows(database: Queryable, statement: string): Promise<number | undefined> {
  try {
    const { rows } = await database.query<{ 'QUERY PLAN': readonly { Plan: Plan }[] }>(
      `explain (format json) ${statement}`,
    );
    return Math.max(...rows[0]!['QUERY PLAN'].flatMap(({ Plan: plan }) => writtenBy(plan)));
  } catch {
    return undefined;
  }
}

function writtenBy(plan: Plan): number[] {
  const below = plan.Plans ?? [];
  const own = plan['Node Type'] === 'ModifyTable' ? below.map((child) => child['Plan Rows']) : [];
  return [...own, ...below.flatMap(writtenBy)];
}
