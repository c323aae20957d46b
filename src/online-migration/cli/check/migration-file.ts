import type { ColumnChange } from '../../change/column-change.ts';
import type { SqlParser } from '../../sql/sql-parser.ts';
import { readStatements, type Statement } from '../../sql/statements.ts';
import { asKind } from '../../sql/statements.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import type { ToolRun } from './tool-run.ts';

/** A text of one or several statements, and the line of the file on which it begins. */
export interface SqlText {
  readonly sql: string;
  readonly line: number;
  /** Whether its lines are not those of the file: it is built while the migration runs. */
  readonly isBuilt?: boolean;
  /** Texts with the same number share a transaction that the file itself asks for. */
  readonly block?: number;
  /** Whether it is sent to the server as it is, also with several statements. */
  readonly isMessage?: boolean;
}

/** The statements of a text. */
export interface ReadText {
  readonly text: SqlText;
  readonly statements: readonly Statement[];
}

/** The statements of a migration's way up. */
export interface ReadMigration {
  readonly texts: readonly SqlText[];
  /** How its tool runs it; undefined for MikroORM, whose migrations the package's migrator runs. */
  readonly tool?: ToolRun;
  /** The reason for which its statements are not checked; undefined if they are. */
  readonly leftOut?: string;
  /** The column change of which it is a phase. */
  readonly change?: ColumnChange;
  /** A limit of the check on this migration. */
  readonly note?: string;
}

/** The reason for which a file, or the rest of it, cannot be checked. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly line: number;
}

/** A refusal at a line of a file. */
export class FileProblem extends OnlineMigrationError {
  readonly line: number;

  constructor(
    code: 'MIGRATION_NOT_READ' | 'SQL_NOT_READ',
    message: string,
    line = 1,
    options?: ErrorOptions,
  ) {
    super(code, message, { line }, options);
    this.line = line;
  }
}

/** Placeholders of tools: `${schema}` of Flyway and Liquibase, `{{ schema }}` of templates. */
const PLACEHOLDER = /\$\{[^}]*\}|\{\{[^}]*\}\}/;

/**
 * Reads the statements of each text of a migration; their lines are those of the file.
 * @throws FileProblem if the grammar does not accept one
 */
export function statementsIn(parser: SqlParser, { texts }: ReadMigration): ReadText[] {
  return texts.map((text) => {
    // The parser refuses an empty text.
    if (text.sql.trim() === '') return { text, statements: [] };
    try {
      const statements = readStatements(parser, text.sql).map((statement) => ({
        ...statement,
        line: lineIn(text, statement.line),
      }));
      return { text, statements };
    } catch (error) {
      const { cause } = error as { cause?: { message?: string; sqlDetails?: { cursorPosition?: number } } };
      const before = text.sql.slice(0, cause?.sqlDetails?.cursorPosition ?? 0);
      const next = PLACEHOLDER.test(text.sql)
        ? 'Placeholders of a tool are not replaced: let the tool write its SQL, and check that; the file was not checked.'
        : 'Correct it; the file was not checked.';
      throw new FileProblem(
        'SQL_NOT_READ',
        `PostgreSQL's grammar does not accept it: ${cause?.message ?? String(error)}. ${next}`,
        lineIn(text, before.split('\n').length),
        { cause: error },
      );
    }
  });
}

function lineIn({ line, isBuilt }: SqlText, own: number): number {
  return isBuilt ? line : line + own - 1;
}

/** Whether a statement only begins or commits the transaction that a tool wraps around its migration. */
export function isTransactionMark({ tree }: Statement): boolean {
  const kind = asKind(tree, 'TransactionStmt')?.kind;
  return kind === 'TRANS_STMT_BEGIN' || kind === 'TRANS_STMT_START' || kind === 'TRANS_STMT_COMMIT';
}
