import type { RangeVar } from 'libpg-query';
import { escapeIdentifier, escapeLiteral } from 'pg';
import type { RuleContext } from './rule.ts';
import { primaryKeyOf } from './primary-key.ts';

/** How many rows an error names. */
export const MOST_ROWS = 5;

/**
 * An SQL expression that names a row: by its primary key, or by its place if it has none. Other columns stay closed, because they
 * can hold values that must not be in a log.
 *
 * @param alias the table's name in the query, quoted
 */
export async function rowLabel(context: RuleContext, relation: RangeVar, alias: string): Promise<string> {
  const key = await primaryKeyOf(context, relation);
  if (key.length === 0) return `'row ' || ${alias}.ctid::text`;
  return key
    .map(({ name, label }) => `${escapeLiteral(`${label} `)} || ${alias}.${escapeIdentifier(name)}::text`)
    .join(` || ', ' || `);
}
