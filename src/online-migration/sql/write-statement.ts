import { isDeepStrictEqual } from 'node:util';
import type { Node } from 'libpg-query';
import type { SqlParser } from './sql-parser.ts';

/** Places in the text, and properties that only repeat it. */
const WITHOUT_MEANING =
  /^(?:location|stmt_location|stmt_len|list_start|list_end|rexpr_list_start|rexpr_list_end)$/;

/**
 * Writes a statement as SQL. The result is read again and compared, so that nothing of the statement is lost.
 * @returns null if the statement cannot be written faithfully
 */
export function writeStatement(parser: SqlParser, tree: Node): string | null {
  try {
    const sql = parser.deparse(tree);
    const [again] = parser.parseSync(sql).stmts ?? [];
    return isDeepStrictEqual(meaning(again?.stmt), meaning(tree)) ? sql : null;
  } catch {
    return null;
  }
}

function meaning(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(meaning);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part)
      // The grammar leaves out false properties; a changed tree may have them.
      .filter(([name, value]) => !WITHOUT_MEANING.test(name) && value !== undefined && value !== false)
      .map(([name, value]) => [name, meaning(value)]),
  );
}
