import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { RangeVar } from 'libpg-query';
import type { ColumnChange } from '../../change/column-change.ts';
import type { Catalog } from '../../ordinary/planning/catalog.ts';
import { SqlCatalog } from '../../ordinary/catalog/sql-catalog.ts';
import { MadeHere } from '../../ordinary/planning/made-here.ts';
import { warningOn } from '../../ordinary/planning/running-code.ts';
import { tableInUse } from '../../ordinary/planning/verdicts.ts';
import { planOn } from '../../ordinary/plan-migration.ts';
import type { SqlParser } from '../../sql/sql-parser.ts';
import { asKind, type Statement } from '../../sql/statements.ts';
import type { RecordedChange } from '../../state/recorded-changes.ts';
import { type CheckedFile, type CheckedStatement, outcomeOf, type TableSize } from './checked-file.ts';
import { readCodeFile } from './code-file.ts';
import { FileProblem, isTransactionMark, type ReadMigration, statementsIn } from './migration-file.ts';
import { judgeTogether } from './one-transaction.ts';
import { sharedTransactions } from './shared-transactions.ts';
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
      { catalog, changes, parser, made, isOtherTool: read.tool !== undefined },
      read.leftOut === undefined ? statements : [],
    );
    const outcomes: CheckedStatement[] = [];
    for (const planned of plan.statements) {
      const table = await sizeOf(planned.statement, catalog);
      const warning = warningOn(planned);
      outcomes.push({
        ...planned,
        outcome: outcomeOf(planned, parser),
        isOtherTool: read.tool !== undefined,
        warnings: warning === undefined ? [] : [{ rule: 'running-code', message: warning }],
        ...(table !== undefined && { table }),
      });
    }
    const { tool, ...limits } = read;
    checked.push({
      file,
      ...limits,
      statements:
        tool === undefined
          ? outcomes
          : await judgeTogether(outcomes, {
              tool,
              transactions: found.transactions,
              nameInUse: nameInUse(catalog, made),
            }),
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

function nameInUse(catalog: Catalog, made: MadeHere) {
  return async (relation: RangeVar) => (await tableInUse(relation, { catalog, made }))?.name;
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
  /** The number of its transaction for each statement that has one. */
  readonly transactions: ReadonlyMap<Statement, number>;
  readonly read: Pick<ReadMigration, 'leftOut' | 'note' | 'tool'>;
  readonly change?: ColumnChange | undefined;
  readonly problem?: FileProblem;
}

async function readStatementsOf(file: string, parser: SqlParser): Promise<FileStatements> {
  try {
    const { texts, change, ...read } = await readFile(file);
    const found = statementsIn(parser, { texts });
    const statements = found.flatMap((text) => text.statements);
    const { tool } = read;
    return {
      read,
      change,
      statements: tool === undefined ? statements : statements.filter((each) => !isTransactionMark(each)),
      transactions: tool === undefined ? new Map() : sharedTransactions(found, tool),
    };
  } catch (error) {
    if (error instanceof FileProblem)
      return { statements: [], transactions: new Map(), read: {}, problem: error };
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
  if (extname(file) === '.sql') return readSqlFile(file, source);
  return readCodeFile(file);
}
