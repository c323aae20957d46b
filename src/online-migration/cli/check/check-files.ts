import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { ColumnChange } from '../../change/column-change.ts';
import type { Catalog } from '../../ordinary/planning/catalog.ts';
import { SqlCatalog } from '../../ordinary/catalog/sql-catalog.ts';
import { MadeHere } from '../../ordinary/planning/made-here.ts';
import { planOn } from '../../ordinary/plan-migration.ts';
import type { SqlParser } from '../../sql/sql-parser.ts';
import { asKind, type Statement } from '../../sql/statements.ts';
import type { RecordedChange } from '../../state/recorded-changes.ts';
import { type CheckedFile, type CheckedStatement, outcomeOf, type TableSize } from './checked-file.ts';
import { readCodeFile } from './code-file.ts';
import { FileProblem, isTransactionMark, type ReadMigration, statementsIn } from './migration-file.ts';
import { readSqlFile } from './sql-file.ts';

/** A database on which the files are checked. */
export interface CheckedDatabase {
  readonly catalog: Catalog;
  readonly changes: readonly RecordedChange[];
}

/** The files of a check. */
export interface FilesToCheck {
  /** Files that have run already: they tell which tables there are. */
  readonly before: readonly string[];
  /** Files that are checked. */
  readonly files: readonly string[];
  /** Whether the files are deployed together: a table that one of them makes is in use only after the last one. */
  readonly isOneDeployment: boolean;
}

/**
 * Checks migrations in sequence. It changes nothing.
 * @param database undefined to know only the tables that the files make
 */
export async function checkFiles(
  { before, files, isOneDeployment }: FilesToCheck,
  parser: SqlParser,
  database: CheckedDatabase | undefined,
): Promise<CheckedFile[]> {
  const known = new SqlCatalog();
  if (database === undefined) for (const file of before) note(known, await readStatementsOf(file, parser));
  const checked: CheckedFile[] = [];
  let made = new MadeHere();
  for (const file of files) {
    const { catalog, changes } = database ?? { catalog: known, changes: [] };
    const found = await readStatementsOf(file, parser);
    const { statements, read, problem } = found;
    if (!isOneDeployment) made = new MadeHere();
    const plan = await planOn(
      { catalog, changes, parser, made },
      read.leftOut === undefined ? statements : [],
    );
    const outcomes: CheckedStatement[] = [];
    for (const planned of plan.statements) {
      const table = await sizeOf(planned.statement, catalog);
      outcomes.push({
        ...planned,
        outcome: outcomeOf(planned, parser),
        ...(table !== undefined && { table }),
      });
    }
    checked.push({
      file,
      ...read,
      statements: outcomes,
      ...(problem !== undefined && { problem }),
    });
    if (!isOneDeployment) note(known, found);
  }
  return checked;
}

/** Notes the effects of a migration, for those that follow. */
function note(known: SqlCatalog, { statements, change, read, problem }: FileStatements): void {
  known.apply(statements);
  if (problem !== undefined || read.note !== undefined) known.applyUnknown();
  if (change === undefined) return;
  const { schema, name } = change.table;
  const columns = change.columns.flatMap(({ from, to }) => [from.name, to.name]);
  known.forget({ schemaname: schema, relname: name }, columns);
}

/** The size of the table that a statement alters; undefined without a database. */
async function sizeOf({ tree }: Statement, catalog: Catalog): Promise<TableSize | undefined> {
  const relation =
    asKind(tree, 'AlterTableStmt')?.relation ??
    asKind(tree, 'IndexStmt')?.relation ??
    asKind(tree, 'UpdateStmt')?.relation ??
    asKind(tree, 'DeleteStmt')?.relation;
  const table = relation && (await catalog.readTable(relation));
  if (!table || table.rows === null || table.bytes === null) return undefined;
  return { name: table.inCatalog, rows: table.rows, bytes: table.bytes };
}

interface FileStatements {
  readonly statements: readonly Statement[];
  readonly read: Pick<ReadMigration, 'leftOut' | 'note'>;
  readonly change?: ColumnChange | undefined;
  readonly problem?: FileProblem;
}

async function readStatementsOf(file: string, parser: SqlParser): Promise<FileStatements> {
  try {
    const { texts, change, ...read } = await readFile(file);
    const statements = statementsIn(parser, { texts });
    return {
      read,
      change,
      statements:
        extname(file) === '.sql' ? statements.filter((each) => !isTransactionMark(each)) : statements,
    };
  } catch (error) {
    if (error instanceof FileProblem) return { statements: [], read: {}, problem: error };
    throw error;
  }
}

async function readFile(file: string): Promise<ReadMigration> {
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileProblem('MIGRATION_NOT_READ', `It cannot be read as UTF-8 text: ${reason}.`, 1, {
      cause: error,
    });
  }
  if (extname(file) === '.sql') return readSqlFile(source);
  return readCodeFile(file);
}
