import { asKind, type Statement } from '../../sql/statements.ts';
import { isTransactionMark, type ReadText } from './migration-file.ts';
import type { ToolRun } from './tool-run.ts';

/**
 * Follows the transactions in which a tool runs the statements of a file, with `begin` and `commit` among them.
 * @returns the number of its transaction for each statement; a statement that has none is left out
 */
export function sharedTransactions(
  texts: readonly ReadText[],
  { transaction }: ToolRun,
): Map<Statement, number> {
  const found = new Map<Statement, number>();
  const all = texts.flatMap(({ statements }) => statements).filter((each) => !isTransactionMark(each));
  const isWrapped = transaction === 'always' || (transaction === 'if several' && all.length > 1);
  let next = 0;
  let open = isWrapped ? next++ : undefined;
  let block: number | undefined;
  for (const { text, statements } of texts) {
    // A tool runs each of its blocks in a transaction.
    if (text.block !== block && transaction !== 'always')
      open = text.block === undefined ? undefined : next++;
    ({ block } = text);
    // PostgreSQL runs several statements of one message in a transaction.
    const message = text.isMessage && statements.length > 1 ? next++ : undefined;
    for (const statement of statements) {
      const kind = asKind(statement.tree, 'TransactionStmt')?.kind;
      if (kind === 'TRANS_STMT_BEGIN' || kind === 'TRANS_STMT_START') open ??= next++;
      else if (kind === 'TRANS_STMT_COMMIT' || kind === 'TRANS_STMT_ROLLBACK') open = undefined;
      else if ((open ?? message) !== undefined) found.set(statement, (open ?? message)!);
    }
  }
  return found;
}
