import { asKind } from '../../sql/statements.ts';
import { defaultPartitionWithRows, OUTSIDE_OF_NEW } from '../planning/new-partition.ts';
import { nameOf } from '../planning/relation-names.ts';
import { provenBy } from '../planning/proven-condition.ts';
import type { Rule } from '../planning/rule.ts';
import { locked } from '../planning/step.ts';
import { tableInUse } from '../planning/verdicts.ts';

/**
 * `create table … partition of` beside a default partition with rows: ACCESS EXCLUSIVE on the default partition while all its rows are
 * checked.
 *
 * 1. Find rows of the default partition that belong to the new one, and refuse if there are some.
 * 2. Add a check to the default partition NOT VALID that excludes them, and validate it.
 * 3. `create table … partition of`. PostgreSQL takes the check's word and reads nothing.
 * 4. Drop the check.
 */
export const createPartition: Rule = async (statement, context) => {
  const create = asKind(statement.tree, 'CreateStmt');
  const parent = asKind(create?.inhRelations?.[0], 'RangeVar');
  if (create?.partbound === undefined || parent === undefined || create.partbound.is_default)
    return undefined;
  if (create.if_not_exists && (await context.catalog.exists(create.relation!))) return undefined;
  const table = await tableInUse(parent, context);
  const other = table && (await defaultPartitionWithRows(parent, context));
  if (table === undefined || other === undefined) return undefined;
  const { catalog, made } = context;
  const condition = await catalog.conditionOfNewPartition(made.inCatalog(parent), create.partbound);
  if (condition === null) {
    const name = nameOf(create.relation!);
    return {
      kind: 'refused',
      reason: 'it reads all rows of the default partition while nobody can use it',
      instead:
        `\`create table ${name} (like ${nameOf(parent)} including all)\`, then ` +
        `\`alter table ${nameOf(parent)} attach partition ${name} for values …\``,
    };
  }
  const proof = await provenBy(context, other, `not (${condition})`, OUTSIDE_OF_NEW);
  return {
    kind: 'steps',
    reason: 'it checks all rows of the default partition while nobody can use it',
    steps: [...proof.steps, locked(statement.text, [table.name, proof.table]), proof.drop],
  };
};
