import { readRecordedChanges } from '../state/recorded-changes.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { DatabaseCatalog } from '../ordinary/catalog/database-catalog.ts';
import { Session } from '../postgres/session.ts';
import { loadSqlParser, type SqlParser } from '../sql/sql-parser.ts';
import { checkFiles, type FilesToCheck } from './check/check-files.ts';
import { type CheckedFile, hasFailed } from './check/checked-file.ts';
import { findFiles } from './check/find-files.ts';
import { findingsOf } from './check/findings.ts';
import { githubReport } from './check/report-github.ts';
import { jsonReport } from './check/report-json.ts';
import { sarifReport } from './check/report-sarif.ts';
import { textReport } from './check/report-text.ts';
import type { FORMATS } from './check/formats.ts';
import { describeConnection } from './project/config-file.ts';

/** The options of `check`. */
export interface CheckCommand {
  readonly format: (typeof FORMATS)[number];
  /** Whether a statement that other steps carry out fails the check. */
  readonly strict?: boolean;
  /** A database whose catalog is read. */
  readonly url?: string;
  /** The first file that has not run yet. */
  readonly from?: string;
  /** Of the package. */
  readonly version: string;
}

/**
 * `online-migration check`: says for each statement of migrations how it would run, and changes nothing.
 * @returns 1 if a statement would be refused, or a file cannot be checked
 */
export async function checkMigrations(paths: readonly string[], options: CheckCommand): Promise<number> {
  const { format, strict = false, url, from, version } = options;
  const files = chosenFiles(findFiles(paths), { from, hasDatabase: url !== undefined });
  const parser = await loadSqlParser();
  if (format === 'text' && url !== undefined)
    console.log(`${describeConnection({ connectionString: url })}\n`);
  const checked = await withMessagesApart(() =>
    url === undefined ? checkFiles(files, parser, undefined) : checkOn(url, files, parser),
  );
  const report = {
    text: () =>
      textReport(checked, { hasDatabase: url !== undefined, isOneDeployment: files.isOneDeployment }),
    json: () => jsonReport(checked),
    github: () => githubReport(findingsOf(checked, strict)),
    sarif: () => sarifReport(findingsOf(checked, strict), version),
  }[format]();
  if (report !== '') console.log(report);
  return checked.some((file) => hasFailed(file, strict)) ? 1 : 0;
}

async function checkOn(url: string, files: FilesToCheck, parser: SqlParser): Promise<CheckedFile[]> {
  await using session = await Session.open({ connectionString: url }, 'online-migration check');
  const changes = await readRecordedChanges(session);
  await using catalog = await DatabaseCatalog.open(session, parser);
  return await checkFiles(files, parser, { catalog, changes });
}

/** With a database, the files are those that have not run there. */
function chosenFiles(
  found: readonly string[],
  { from, hasDatabase }: { readonly from: string | undefined; readonly hasDatabase: boolean },
): FilesToCheck {
  if (from === undefined) return { before: [], files: found, isOneDeployment: hasDatabase };
  const first = found.find(
    (file) => file === from || (from !== '' && file.split(/[\\/]/).some((part) => part.startsWith(from))),
  );
  if (first === undefined) {
    throw new OnlineMigrationError(
      'MIGRATION_FILE_NOT_FOUND',
      `No migration has the name '${from}': give \`--from\` the beginning of the name of a file. The last one is ${found.at(-1)}.`,
      { from },
    );
  }
  const start = found.indexOf(first);
  return { before: found.slice(0, start), files: found.slice(start), isOneDeployment: true };
}

/** Has messages of migrations not mix with the report. */
async function withMessagesApart<T>(body: () => Promise<T>): Promise<T> {
  const { log, info } = console;
  console.log = console.error;
  console.info = console.error;
  try {
    return await body();
  } finally {
    console.log = log;
    console.info = info;
  }
}
