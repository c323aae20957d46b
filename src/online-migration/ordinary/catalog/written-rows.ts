import type { Queryable } from '../../postgres/queryable.ts';
import { rolledBack } from '../../postgres/rolled-back.ts';

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

/** How long the rows of a statement are counted, in milliseconds. If they are many, the limit is reached long before. */
const COUNTING_MS = 10_000;

/**
 * Counts the rows that a statement writes, beside the traffic. PostgreSQL guesses how many rows meet a condition like `total % 2 = 0`.
 * @param queries of the parts of the statement; those that PostgreSQL refuses or does not answer in time do not count
 * @param most the count ends there
 * @returns the largest count; 0 if no part can be counted
 */
export async function countRows(
  database: Queryable,
  queries: readonly string[],
  most: number,
): Promise<number> {
  let largest = 0;
  for (const query of queries) {
    const count = await rolledBack(database, async () => {
      // A function in the condition cannot write.
      await database.query(`set local transaction_read_only = on`);
      await database.query(`set local statement_timeout = ${COUNTING_MS}`);
      const { rows } = await database.query<{ count: number }>(
        `select count(*)::int as count from (${query} limit ${most}) as written`,
      );
      return rows[0]!.count;
    }).catch(() => 0);
    largest = Math.max(largest, count);
  }
  return largest;
}
