import type { Node, RangeVar } from 'libpg-query';
import { writeStatement } from '../../sql/write-statement.ts';
import { nameOf } from './relation-names.ts';
import type { RuleContext, Verdict } from './rule.ts';
import type { TableFacts } from './table-facts.ts';

/** A verdict for a statement that only changes the catalog of these tables. */
export function asWritten(...relations: readonly string[]): Verdict {
  return { kind: 'as-written', relations };
}

/**
 * Reads a table of which a statement may take its time.
 * @returns undefined if an exclusive lock hurts nobody: an earlier statement makes the table, it is empty, or it does not exist
 */
export async function tableInUse(
  relation: RangeVar,
  context: Pick<RuleContext, 'catalog' | 'made'>,
): Promise<TableFacts | undefined> {
  if (context.made.has(relation)) return undefined;
  const table = await context.catalog.readTable(context.made.inCatalog(relation));
  if (table === null || table.isEmpty) return undefined;
  const isRenamed = context.made.inCatalog(relation) !== relation;
  if (!isRenamed) return table;
  const schema = relation.schemaname ?? table.schema;
  return { ...table, schema, name: nameOf({ schemaname: schema, relname: relation.relname! }) };
}

/** The verdict for a table that nobody misses for a moment. */
export function onFreeTable(relation: RangeVar, context: RuleContext): Verdict {
  return context.made.has(relation) ? asWritten() : asWritten(nameOf(relation));
}

/** Writes a changed statement, or gives the refusal of one that cannot be written faithfully. */
export function written(tree: Node, { parser }: RuleContext, steps: (sql: string) => Verdict): Verdict {
  const sql = writeStatement(parser, tree);
  return sql === null ? NOT_WRITTEN : steps(sql);
}

/** The refusal of a statement that cannot be written faithfully with another table or name. */
export const NOT_WRITTEN: Verdict = {
  kind: 'refused',
  reason: 'the statement has a part that cannot be carried over to its safe form',
  instead: 'write the safe steps yourself, each behind the comment `-- online: accepted <reason>`',
};
