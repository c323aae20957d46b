import type { RangeVar } from 'libpg-query';
import { type TableFill, updateOf } from '../fill/table-fill.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule, RuleContext, Verdict } from '../planning/rule.ts';
import type { TableFacts } from '../planning/table-facts.ts';

/** Kinds of relations that store no rows of their own, or whose rows cannot be updated. */
const OTHER_KINDS: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
  S: 'a sequence',
  i: 'an index',
  I: 'an index',
  c: 'a type',
};

/**
 * A fill: batches of an update, beside the traffic. Its mistakes are found before anything runs: it is asked of PostgreSQL, and tried
 * on a copy of some rows.
 */
export const fillTable: Rule = async (statement, context) => {
  const { fill } = statement;
  if (fill === undefined) return undefined;
  const relation: RangeVar = {
    relname: fill.table,
    ...(fill.schema !== undefined && { schemaname: fill.schema }),
  };
  const planned = (table: string, rows: number | null): Verdict => ({
    kind: 'steps',
    reason: 'its rows are written in batches, each in a transaction of its own',
    steps: [
      { kind: 'fill', statements: [statement.text], relations: [table], lock: 'ROW EXCLUSIVE', fill, rows },
    ],
  });
  if (context.made.has(relation)) return planned(nameOf(relation), null);
  const table = await context.catalog.readTable(context.made.inCatalog(relation));
  if (table === null) return unknownTable(fill);
  const problem = problemOfKind(table) ?? (await problemOfTrial(context, relation, table, fill));
  if (problem !== undefined) return problem;
  return planned(table.name, (await context.catalog.estimateRows(updateOf(fill))) ?? table.rows);
};

function refused(reason: string, instead: string): Verdict {
  return { kind: 'refused', reason, instead, isFill: true };
}

function unknownTable({ table, schema }: TableFill): Verdict {
  const [first, ...rest] = table.split('.');
  return refused(
    'the table does not exist',
    schema === undefined && rest.length > 0
      ? `name schema and table apart: \`{ schema: '${first}', table: '${rest.join('.')}', … }\``
      : 'correct its name, or give its `schema`',
  );
}

function problemOfKind({ name, kind }: TableFacts): Verdict | undefined {
  if (kind === 'r' || kind === 'p') return undefined;
  return refused(`${name} is ${OTHER_KINDS[kind] ?? 'no table'}`, 'fill the tables that it reads');
}

async function problemOfTrial(
  { catalog, made }: RuleContext,
  relation: RangeVar,
  table: TableFacts,
  fill: TableFill,
): Promise<Verdict | undefined> {
  const problem = await catalog.findFillProblem({
    fill,
    table,
    altered: made.altered(relation),
    setsRole: made.setsRole,
  });
  return problem === undefined ? undefined : refused(problem.reason, problem.instead);
}
