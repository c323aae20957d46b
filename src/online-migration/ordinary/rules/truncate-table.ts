import type { RangeVar } from 'libpg-query';
import { asKind } from '../../sql/statements.ts';
import { IN_BATCHES } from '../planning/fill-advice.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule, RuleContext } from '../planning/rule.ts';
import { asWritten, tableInUse } from '../planning/verdicts.ts';

/**
 * `truncate`: ACCESS EXCLUSIVE until the transaction ends, and all rows are gone for everybody, also for a transaction with an older snapshot.
 * Refused, if one of the tables has rows, or is a foreign one. With `cascade` it also empties tables that it does not name: refused.
 */
export const truncateTable: Rule = async ({ tree }, context) => {
  const truncate = asKind(tree, 'TruncateStmt');
  if (truncate === undefined) return undefined;
  if (truncate.behavior === 'DROP_CASCADE') {
    return {
      kind: 'refused',
      reason: '`cascade` also empties the tables that refer to it',
      instead: 'name each table that is to be emptied',
    };
  }
  const relations = (truncate.relations ?? []).flatMap((node) => asKind(node, 'RangeVar') ?? []);
  const used: string[] = [];
  for (const relation of relations) {
    const table = await tableInUse(relation, context);
    if (table !== undefined) used.push(table.name);
    else if (!context.made.has(relation)) used.push(...(await foreignRowsOf(relation, context)));
  }
  if (used.length === 0) return asWritten(...relations.filter((each) => !context.made.has(each)).map(nameOf));
  return {
    kind: 'refused',
    reason: `all rows of ${used.join(' and ')} are lost, and nobody can use ${used.length === 1 ? 'it' : 'them'} until the transaction ends`,
    instead: `delete the rows ${IN_BATCHES}; or accept the loss: \`-- online: accepted <reason>\``,
  };
};

/** The table's name, if it or a partition of it is a foreign table: PostgreSQL empties that on its server. */
async function foreignRowsOf(relation: RangeVar, { catalog, made }: RuleContext): Promise<string[]> {
  const [table, ...parts] = await catalog.readPartitionTree(made.inCatalog(relation));
  return table !== undefined && [table, ...parts].some(({ kind }) => kind === 'f') ? [table.name] : [];
}
